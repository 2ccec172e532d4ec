using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Gateway;

/// <summary>Puts together what a receipt file holds (docs/SPEC.md, "Receipt").</summary>
internal static class ReceiptBuilder
{
    /// <summary>The receipt of the transaction at a location. Its signer's entry is proven to the newest header.</summary>
    public static ReadOnlyMemory<byte> Build(Genesis genesis, LedgerSnapshot view, TransactionLocation location)
    {
        Core.Model.Transaction transaction = TransactionDecoder.TryDecode(
            view.GetEntry(location.Position), genesis.ChainId, out Core.Model.Rejection? rejection)
            ?? throw new InvalidDataException($"The leaf at {location.Position} is no transaction: {rejection!.Message}");
        BlockHeader header = view.GetHeader(location.Height);
        var nodes = new TileLogNodeSource(view, header.LogSizeAfter);
        ValidatorHistory history = ValidatorHistory.Of(genesis, view);
        StateKey signerKey = StateKey.OfficerKey(transaction.Signer);
        ReadOnlyMemory<byte> value = view.GetState(signerKey)
            ?? throw new InvalidDataException($"The signer of the leaf at {location.Position} is not in the state.");
        StatePath path = StateTree.Prove(view, view.Tip.StateRoot, signerKey.TreeKey);
        CertifiedBlock? later =
            location.Height == view.TipHeight ? null : new CertifiedBlock(view.Tip, view.TipCertificate!);
        var receipt = new Receipt(
            genesis.Bytes,
            transaction.Envelope,
            location.Position,
            LogProofs.Inclusion(nodes, location.Position, header.LogSizeAfter),
            new CertifiedBlock(header, view.GetCertificate(location.Height)!),
            new SignerProof(value, path.Siblings.ToArray(), later),
            EpochChain.Of(
                history.Changes.Take((int)view.Tip.Epoch), h => new CertifiedBlock(view.GetHeader(h), view.GetCertificate(h)!)));
        SignerStatus signer = SignerStatus.At(
            OfficerKeyState.Parser.ParseFrom(value.Span), transaction.IsProtocol, header)
            ?? throw new InvalidDataException($"The signer of the leaf at {location.Position} could not sign it.");
        return ReceiptCodec.Write(
            receipt, new ProvenTransaction(genesis, transaction, location.Position, header, signer, history.At(header.Height)));
    }
}
