using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Commands;
using GovChain.Node.Signatures;
using GovChain.Storage;

namespace GovChain.Node.Accusations;

/// <summary>Says offline whether evidence proves anything, by the departments that voted in its epoch.</summary>
internal sealed class EvidenceJudge(Genesis genesis, ValidatorHistory history)
{
    /// <summary>Knows the founders: enough for the first epoch.</summary>
    public static EvidenceJudge OfFounders(Genesis genesis) => new(genesis, new ValidatorHistory(genesis.Validators, null));

    /// <summary>
    /// Knows every epoch of the ledger in a data directory, which may be anybody's: each change of the validators is followed
    /// from the genesis under the certificate of those who made it.
    /// </summary>
    /// <exception cref="StorageException">The directory cannot be read, or lacks the blocks that prove the changes.</exception>
    /// <exception cref="CommandException">The changes are not proven.</exception>
    public static EvidenceJudge OfLedger(Genesis genesis, string path)
    {
        using DataDirectory directory = DataDirectory.OpenReadOnly(path, genesis.ChainId);
        using LedgerStore store = LedgerStore.OpenReadOnly(directory);
        using LedgerSnapshot view = store.OpenSnapshot();
        IReadOnlyList<EpochEnd> ends = EpochChain.Of(ValidatorHistory.Of(genesis, view).Changes,
            h => new CertifiedBlock(view.GetHeader(h), view.GetCertificate(h)!));
        using NodeVerifier signatures = NodeVerifier.ForFile();
        return EpochChain.Follow(
            genesis.ChainId, new ValidatorHistory(genesis.Validators, null), ends, signatures.Verifier, out string? problem) is { } history
            ? new EvidenceJudge(genesis, history)
            : throw new CommandException(ExitCode.VerificationFailed, $"{path} does not prove who voted. {problem} Name another department's directory.");
    }

    /// <summary>Why evidence proves nothing on this ledger; null if it does prove something.</summary>
    public string? FailureOf(Evidence evidence)
    {
        using NodeVerifier signatures = NodeVerifier.ForFile();
        if (evidence.ChainId == genesis.ChainId && history.OfEpoch(evidence.Epoch) is null)
        {
            return $"it is of epoch {evidence.Epoch}, and only the departments up to epoch {history.Epoch} are known here: name a data "
                + "directory whose ledger has come that far with --data";
        }
        return EvidenceVerifier.Verify(
            evidence, genesis.ChainId, history.OfEpoch(evidence.Epoch) ?? history.Acting, signatures.Verifier) switch
        {
            EvidenceFailure.None => null,
            EvidenceFailure.WrongChain => $"it is of the ledger {evidence.ChainId}",
            EvidenceFailure.UnknownValidator => $"the key {evidence.Signer} is no department's validator key in epoch {evidence.Epoch}",
            _ => "a signature is not the department's",
        };
    }

    /// <summary>The department whose votes these are; the key where it never was a validator's.</summary>
    public string DepartmentOf(Evidence evidence) => EvidenceText.DepartmentOf(evidence, history);

    /// <summary>How many departments a fork at a height takes at least.</summary>
    public int GuiltyOfFork(ulong height) => Quorum.Weak(history.At(height).Count);
}
