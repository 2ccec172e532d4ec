using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Consensus;

/// <summary>
/// Names those who let a ledger fork (docs/PROTOCOL.md, "Evidence"): two certified blocks of one height take more than f
/// validators who signed what no honest one signs both. Pure.
/// </summary>
public static class ForkAccountability
{
    /// <summary>
    /// The evidence in two commit certificates of one height for different blocks, and in justifications kept of that height,
    /// one piece for each offence. Of at least f+1 validators if both blocks were decided in one view, or if among the
    /// justifications are that of the later block's view and, back from there, that of each view whose prepared certificate it
    /// rests on, down to the first above the earlier block's view.
    /// </summary>
    /// <returns>Ascending by validator; empty when these are no two valid certificates of a fork.</returns>
    public static IReadOnlyList<Evidence> Blame(
        Certificate one,
        Certificate other,
        IEnumerable<KeptJustification> kept,
        Digest chainId,
        ValidatorSet set,
        ISignatureVerifier verifier)
    {
        if (one.Height != other.Height || one.Epoch != other.Epoch || one.BlockHash == other.BlockHash
            || !IsValid(one) || !IsValid(other))
            return [];
        var signed = new Dictionary<int, List<SignedVote>>();
        AddAll(one);
        AddAll(other);
        foreach (KeptJustification k in kept)
        {
            if (k.ChainId != chainId || k.Epoch != one.Epoch || k.Height != one.Height)
                continue;
            foreach (ViewChangePayload p in k.Justification.ViewChanges)
            {
                Add(p.Signer, new SignedVote(
                    VoteType.ViewChange, k.Epoch, k.Height, k.View, p.PreparedHash, p.PreparedView, p.Signature));
            }
            if (k.Justification.Prepared is { } prepared)
                AddAll(prepared);
        }
        return [.. signed.OrderBy(static s => s.Key).SelectMany(s => Prove(set[s.Key].Key, s.Value))];

        bool IsValid(Certificate c) => CertificateVerifier.VerifyCommitted(
            c, chainId, c.Epoch, c.Height, set, verifier) == CertificateFailure.None;

        void Add(int validator, SignedVote vote)
        {
            if (validator >= set.Count)
                return;
            if (!signed.TryGetValue(validator, out List<SignedVote>? votes))
                signed.Add(validator, votes = []);
            votes.Add(vote);
        }

        void AddAll(Certificate c)
        {
            foreach (ValidatorSignature s in c.Signatures)
                Add(s.Validator, new SignedVote(c.Type, c.Epoch, c.Height, c.View, c.BlockHash, -1, s.Signature));
        }

        IEnumerable<Evidence> Prove(PublicKey signer, List<SignedVote> votes)
        {
            var offences = new HashSet<Offence>();
            for (int i = 0; i < votes.Count; i++)
            {
                for (int j = 0; j < i; j++)
                {
                    // Whoever kept a justification may have altered it: only what verifies counts.
                    if (Evidence.Of(chainId, signer, votes[i], votes[j]) is { } evidence
                        && !offences.Contains(evidence.Offence)
                        && EvidenceVerifier.Verify(evidence, chainId, set, verifier) == EvidenceFailure.None
                        && offences.Add(evidence.Offence))
                        yield return evidence;
                }
            }
        }
    }
}
