using System.Reflection;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Where the fields of evidence stand in its message (docs/SPEC.md, "Evidence"): its type has no way to change one. Epoch and
/// height stand there once for both votes.
/// </summary>
internal static class EvidenceLayout
{
    private const int Prefix = 2;
    private const int EpochAt = Prefix + 2 + 1 + Digest.Size + PublicKey.Size;
    private const int VotesAt = EpochAt + 8 + 8;
    private const int VoteSize = 1 + 4 + Digest.Size + 4 + Signature.Size;

    private static readonly (string Field, int At, int Size)[] Fields =
    [
        ("Kind", Prefix + 2, 1),
        ("ChainId", Prefix + 3, Digest.Size),
        ("Signer", Prefix + 3 + Digest.Size, PublicKey.Size),
        .. FieldsOfVote("First", VotesAt),
        .. FieldsOfVote("Second", VotesAt + VoteSize),
    ];

    /// <summary>The fields that its type declares.</summary>
    /// <exception cref="NotSupportedException">One of them has no place here.</exception>
    public static IEnumerable<string> FieldsOf(string path)
    {
        string[] declared =
        [
            .. typeof(Evidence).GetConstructors(BindingFlags.Instance | BindingFlags.NonPublic).Single().GetParameters()
                .SelectMany(p => p.ParameterType == typeof(SignedVote)
                    ? typeof(SignedVote).GetProperties().Where(v => v.CanWrite).Select(v => $"{p.Name}.{v.Name}")
                    : [p.Name!])
                .Select(name => char.ToUpperInvariant(name[0]) + name[1..]),
        ];
        return declared.ToHashSet().SetEquals(Fields.Select(f => f.Field)) && VotesAt + 2 * VoteSize == Prefix + Evidence.Size
            ? declared.Select(name => $"{path}.{name}")
            : throw new NotSupportedException("Evidence has fields that this layout does not know.");
    }

    /// <summary>Every field with its lowest or highest bit flipped, all of it zero, and all of it one.</summary>
    public static IEnumerable<FieldMutation> Mutate(string path, byte[] message)
    {
        foreach ((string field, int at, int size) in Fields)
        {
            yield return Changed("the lowest bit", b => b[^1] ^= 1);
            yield return Changed("the next bit", b => b[^1] ^= 2);
            yield return Changed("the highest bit", b => b[0] ^= 0x80);
            yield return Changed("zero", b => b.Clear());
            yield return Changed("ones", b => b.Fill(byte.MaxValue));

            FieldMutation Changed(string what, SpanAction change)
            {
                byte[] bytes = [.. message];
                change(bytes.AsSpan(at, size));
                return new FieldMutation($"{path}.{field}", what, bytes);
            }
        }
    }

    private static (string, int, int)[] FieldsOfVote(string vote, int at) =>
    [
        ($"{vote}.Epoch", EpochAt, 8),
        ($"{vote}.Height", EpochAt + 8, 8),
        ($"{vote}.Type", at, 1),
        ($"{vote}.View", at + 1, 4),
        ($"{vote}.BlockHash", at + 5, Digest.Size),
        ($"{vote}.PreparedView", at + 5 + Digest.Size, 4),
        ($"{vote}.Signature", at + 9 + Digest.Size, Signature.Size),
    ];

    private delegate void SpanAction(Span<byte> bytes);
}
