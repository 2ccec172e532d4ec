using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Verification;

/// <summary>
/// Leads from the founding departments to those of a later epoch, trusting nobody: each set certifies the header that
/// names the next one (docs/SPEC.md, "Membership"). Never throws on any input; safe from any thread.
/// </summary>
public static class EpochChain
{
    /// <summary>The sets of epochs 0 to the last, or null with what is wrong.</summary>
    public static IReadOnlyList<ValidatorSet>? Follow(
        Genesis genesis, IReadOnlyList<EpochEnd> ends, ISignatureVerifier signatures, out string? problem)
    {
        var founders = new ValidatorHistory(genesis.Validators, null);
        return Follow(genesis.ChainId, founders, ends, signatures, out problem) is { } history
            ? [.. Enumerable.Range(0, ends.Count + 1).Select(e => history.OfEpoch((ulong)e)!)]
            : null;
    }

    /// <summary>A history that is known and the epochs that end after it, or null with what is wrong.</summary>
    /// <param name="chainId">The ledger.</param>
    /// <param name="known">Whom the reader trusts already.</param>
    /// <param name="ends">The ends of the epochs from the one that acts there on.</param>
    /// <param name="signatures">Checks the certificates.</param>
    /// <param name="problem">The first that is wrong.</param>
    /// <returns>The changes have no positions in the log: no header tells them.</returns>
    public static ValidatorHistory? Follow(
        Digest chainId, ValidatorHistory known, IReadOnlyList<EpochEnd> ends, ISignatureVerifier signatures, out string? problem)
    {
        problem = null;
        ValidatorSet set = known.Acting;
        ulong height = known.Changes.Count > 0 ? known.Changes[^1].Height : 0;
        var entries = new List<MembershipEntry>(ends.Count);
        foreach (EpochEnd end in ends)
        {
            BlockHeader header = end.Block.Header;
            ulong epoch = known.Epoch + (ulong)entries.Count;
            problem = header.ChainId != chainId ? "its header is of another ledger"
                : header.Epoch != epoch || header.Height <= height ? "its header is of another epoch or height"
                : CertificateVerifier.Verify(header, end.Block.Certificate, set, signatures) is var failure and not CertificateFailure.None
                    ? $"its certificate is invalid ({failure})"
                : null;
            ValidatorSet? next = problem is null ? TryApply(set, end) : null;
            if (problem is null && (next is null || next.Hash != header.NextValidatorSetHash || next.Hash == set.Hash))
                problem = "the change is not the one that its header names";
            if (problem is not null)
            {
                problem = $"The end of epoch {epoch} proves nothing: {problem}.";
                return null;
            }
            entries.Add(EntryOf(set, end));
            (set, height) = (next!, header.Height);
        }
        return known.With(entries);
    }

    /// <summary>The ends of epochs, for somebody who knows the set before the first of them.</summary>
    /// <param name="changes">The changes that ended them.</param>
    /// <param name="block">The certified header at a height.</param>
    public static IReadOnlyList<EpochEnd> Of(IEnumerable<MembershipEntry> changes, Func<ulong, CertifiedBlock> block)
    {
        var ends = new List<EpochEnd>();
        foreach (MembershipEntry entry in changes)
        {
            PublicKey.TryParse(entry.NewKey.Span, out PublicKey? key);
            ends.Add(new EpochEnd(block(entry.Height), entry.Department, key));
        }
        return ends;
    }

    private static MembershipEntry EntryOf(ValidatorSet set, EpochEnd end)
    {
        int index = set.IndexOf(end.Department);
        return new MembershipEntry
        {
            Department = end.Department,
            OldKey = index < 0 ? ByteString.Empty : ByteString.CopyFrom(set[index].Key.Span),
            NewKey = end.NewKey is { } key ? ByteString.CopyFrom(key.Span) : ByteString.Empty,
            Height = end.Block.Header.Height,
        };
    }

    private static ValidatorSet? TryApply(ValidatorSet set, EpochEnd end)
    {
        List<Validator> members = [.. set.Members.Where(v => v.Department != end.Department)];
        if (end.NewKey is { } key)
        {
            if (!Identifiers.IsDepartment(end.Department) || members.Exists(v => v.Key == key))
                return null;
            members.Add(new Validator(end.Department, key));
        }
        return members.Count is 0 or > Limits.ValidatorsMax ? null : new ValidatorSet(members);
    }
}
