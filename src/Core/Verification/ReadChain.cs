using System.Text;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Core.Verification;

/// <summary>
/// Where a read log has got to: how many entries there are, and the hash of the last, which covers all before it. A line is that hash in
/// hexadecimal, a space, the entry, a line feed.
/// </summary>
/// <param name="Count">Entries so far.</param>
/// <param name="Head">The newest entry's hash; of an empty log one that names the ledger, so that no other's log fits.</param>
public readonly record struct ReadChain(ulong Count, Digest Head)
{
    private const int HashDigits = 2 * Digest.Size;

    /// <summary>A log of a ledger before its first entry.</summary>
    public static ReadChain Empty(Digest chainId) => new(0, Hash(chainId, []));

    /// <summary>The line of the next entry, and where the log is with it.</summary>
    public (byte[] Line, ReadChain Next) Add(ReadEntry entry)
    {
        byte[] json = (entry with { Number = Count + 1 }).ToJson();
        Digest hash = Hash(Head, json);
        byte[] line = [.. Encoding.ASCII.GetBytes(hash.ToString()), (byte)' ', .. json, (byte)'\n'];
        return line.Length <= ReadEntry.LineBytesMax
            ? (line, new ReadChain(Count + 1, hash))
            : throw new ArgumentException($"An entry of {line.Length} bytes does not fit the log.");
    }

    /// <summary>Takes the next line; null, and why, if it is not the one that follows.</summary>
    /// <param name="line">Without the line feed.</param>
    /// <param name="next">Where the log is with it.</param>
    /// <param name="problem">What is wrong; null if nothing.</param>
    public ReadEntry? Follow(ReadOnlyMemory<byte> line, out ReadChain next, out string? problem)
    {
        next = this;
        if (line.Length is <= HashDigits + 1 or > ReadEntry.LineBytesMax || line.Span[HashDigits] != (byte)' ')
        {
            problem = "is no line of a read log";
            return null;
        }
        ReadOnlyMemory<byte> json = line[(HashDigits + 1)..];
        Digest hash = Hash(Head, json.Span);
        if (!line.Span[..HashDigits].SequenceEqual(Encoding.ASCII.GetBytes(hash.ToString())))
        {
            problem = "does not have the hash of its content after the line before: it, or what stood before it, was altered, removed or moved";
            return null;
        }
        if (ReadEntry.TryRead(json) is not { } entry || entry.Number != Count + 1)
        {
            problem = $"is not entry {Count + 1}";
            return null;
        }
        (next, problem) = (new ReadChain(Count + 1, hash), null);
        return entry;
    }

    /// <summary>What a line says, without a look at what stands before it; null if it is none.</summary>
    /// <param name="line">Without the line feed.</param>
    public static (ReadEntry Entry, Digest Hash)? TryRead(ReadOnlyMemory<byte> line) =>
        line.Length > HashDigits + 1 && Digest.TryParseHex(Encoding.ASCII.GetString(line.Span[..HashDigits]), out Digest hash)
            && ReadEntry.TryRead(line[(HashDigits + 1)..]) is { } entry
            ? (entry, hash)
            : null;

    private static Digest Hash(Digest before, ReadOnlySpan<byte> content) => DomainTag.Hash(DomainTag.ReadLog, [.. before.Span, .. content]);
}
