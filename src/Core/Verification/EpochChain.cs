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
        problem = null;
        var sets = new List<ValidatorSet> { genesis.Validators };
        ulong height = 0;
        foreach (EpochEnd end in ends)
        {
            BlockHeader header = end.Block.Header;
            int epoch = sets.Count - 1;
            problem = header.ChainId != genesis.ChainId ? "its header is of another ledger"
                : header.Epoch != (ulong)epoch || header.Height <= height ? "its header is of another epoch or height"
                : CertificateVerifier.Verify(header, end.Block.Certificate, sets[epoch], signatures) is var failure and not CertificateFailure.None
                    ? $"its certificate is invalid ({failure})"
                : null;
            ValidatorSet? next = problem is null ? TryApply(sets[epoch], end) : null;
            if (problem is null && (next is null || next.Hash != header.NextValidatorSetHash || next.Hash == sets[epoch].Hash))
                problem = "the change is not the one that its header names";
            if (problem is not null)
            {
                problem = $"The end of epoch {epoch} proves nothing: {problem}.";
                return null;
            }
            sets.Add(next!);
            height = header.Height;
        }
        return sets;
    }

    /// <summary>The ends of all epochs so far, for a receipt.</summary>
    /// <param name="history">The changes.</param>
    /// <param name="block">The certified header at a height.</param>
    public static IReadOnlyList<EpochEnd> Of(ValidatorHistory history, Func<ulong, CertifiedBlock> block)
    {
        var ends = new List<EpochEnd>();
        foreach (MembershipEntry entry in history.Changes)
        {
            PublicKey.TryParse(entry.NewKey.Span, out PublicKey? key);
            ends.Add(new EpochEnd(block(entry.Height), entry.Department, key));
        }
        return ends;
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
