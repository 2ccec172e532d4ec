using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Signatures;
using GovChain.Storage;

namespace GovChain.Node.Accusations;

/// <summary>Two ledgers of one genesis, compared.</summary>
/// <param name="Common">The newest height that both have.</param>
/// <param name="Height">The first height at which they hold different blocks; null if one extends the other.</param>
/// <param name="First">The block of the first there.</param>
/// <param name="Second">The block of the second there.</param>
/// <param name="Guilty">What proves who let it happen.</param>
internal sealed record ForkReport(ulong Common, ulong? Height, Digest First, Digest Second, IReadOnlyList<Evidence> Guilty);

/// <summary>Looks for a fork between two data directories, and for those who are guilty of it.</summary>
internal static class ForkSearch
{
    /// <summary>Compares; both directories are read only, and may be those of running nodes.</summary>
    /// <exception cref="StorageException">A directory or ledger cannot be read.</exception>
    public static ForkReport Run(string first, string second, Genesis genesis)
    {
        using DataDirectory one = DataDirectory.OpenReadOnly(first, genesis.ChainId);
        using DataDirectory two = DataDirectory.OpenReadOnly(second, genesis.ChainId);
        using LedgerStore storeOne = LedgerStore.OpenReadOnly(one);
        using LedgerStore storeTwo = LedgerStore.OpenReadOnly(two);
        using LedgerSnapshot ledgerOne = storeOne.OpenSnapshot();
        using LedgerSnapshot ledgerTwo = storeTwo.OpenSnapshot();
        ulong common = Math.Min(ledgerOne.TipHeight, ledgerTwo.TipHeight);
        if (ledgerOne.GetHeader(common).Hash == ledgerTwo.GetHeader(common).Hash)
            return new ForkReport(common, null, default, default, []);
        // Every header names its parent, so that all above the first difference differ.
        (ulong same, ulong differs) = (0, common);
        while (differs - same > 1)
        {
            ulong middle = same + (differs - same) / 2;
            if (ledgerOne.GetHeader(middle).Hash == ledgerTwo.GetHeader(middle).Hash)
                same = middle;
            else
                differs = middle;
        }
        IEnumerable<KeptJustification> kept = EvidenceStore.ReadJustifications(one).Concat(EvidenceStore.ReadJustifications(two))
            .Select(static bytes => ConsensusMessageCodec.TryDecodeKept(bytes)).OfType<KeptJustification>();
        using NodeVerifier signatures = NodeVerifier.ForFile();
        return new ForkReport(
            common, differs, ledgerOne.GetHeader(differs).Hash, ledgerTwo.GetHeader(differs).Hash, ForkAccountability.Blame(
                ledgerOne.GetCertificate(differs)!, ledgerTwo.GetCertificate(differs)!, kept, genesis.ChainId,
                ValidatorHistory.Of(genesis, ledgerOne).At(differs),
                signatures.Verifier));
    }
}
