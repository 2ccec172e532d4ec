using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Verification;

/// <summary>What a valid receipt proves.</summary>
/// <param name="Genesis">The ledger.</param>
/// <param name="Transaction">What was recorded.</param>
/// <param name="Position">Its index in the log.</param>
/// <param name="Header">When, and with what.</param>
/// <param name="Signer">For whom it was signed.</param>
/// <param name="Validators">The departments of its epoch, a quorum of which certified it.</param>
public sealed record ProvenTransaction(
    Genesis Genesis, Transaction Transaction, ulong Position, BlockHeader Header, SignerStatus Signer, ValidatorSet Validators);

/// <summary>
/// Checks a receipt with nothing but the genesis digest: no node, no clock, no trust. Never throws on any receipt.
/// </summary>
public static class ReceiptVerifier
{
    /// <summary>Reads and checks a receipt file. Null, with the first failure, where it proves nothing.</summary>
    public static ProvenTransaction? Verify(
        ReadOnlySpan<byte> file, Digest genesisDigest, ISignatureVerifier signatures, out ReceiptFailure? failure)
    {
        Receipt? receipt = ReceiptCodec.TryRead(file, out failure);
        if (receipt is null)
            return null;
        ProvenTransaction? proven = Verify(receipt, genesisDigest, signatures, out failure);
        if (proven is null)
            return null;
        byte[] canonical = ReceiptCodec.Write(receipt, proven);
        if (file.SequenceEqual(canonical))
            return proven;
        int line = 1 + file[..file.CommonPrefixLength(canonical)].Count((byte)'\n');
        failure = new ReceiptFailure(ReceiptFailureKind.NotCanonical,
            $"The file differs from its canonical form in line {line}: white space, a number's or hash's spelling, or a readable field was changed.");
        return null;
    }

    /// <summary>Checks what a receipt says, apart from its spelling.</summary>
    public static ProvenTransaction? Verify(
        Receipt receipt, Digest genesisDigest, ISignatureVerifier signatures, out ReceiptFailure? failure)
    {
        failure = null;
        if (DomainTag.Hash(DomainTag.Genesis, receipt.GenesisBody.Span) != genesisDigest)
            return Fail(out failure, ReceiptFailureKind.WrongGenesis, $"The receipt is not of the ledger {genesisDigest}.");
        if (Genesis.TryDecode(receipt.GenesisBody, out GenesisFailure? genesisFailure) is not { } genesis)
            return Fail(out failure, ReceiptFailureKind.InvalidGenesis, $"The genesis body is invalid: {genesisFailure}");
        if (EpochChain.Follow(genesis, receipt.Epochs, signatures, out string? badEpoch) is not { } sets)
            return Fail(out failure, ReceiptFailureKind.InvalidEpochs, badEpoch!);
        BlockHeader newest = receipt.Signer.Later?.Header ?? receipt.Block.Header;
        if (newest.Epoch + 1 != (ulong)sets.Count)
        {
            return Fail(out failure, ReceiptFailureKind.InvalidEpochs,
                $"The newest header is of epoch {newest.Epoch}; the receipt leads to epoch {sets.Count - 1}.");
        }
        if (FindOutside(receipt) is { } outside)
        {
            return Fail(out failure, ReceiptFailureKind.InvalidEpochs,
                $"Epoch {outside.Epoch} has no such block {outside.Height}: by the receipt's own epochs other departments certified there, or another block.");
        }
        if (CheckBlock(receipt.Block, genesis, sets, signatures, "the block") is { } badBlock)
            return Fail(out failure, ReceiptFailureKind.InvalidCertificate, badBlock);
        BlockHeader header = receipt.Block.Header;
        if (receipt.Position < header.LogSizeBefore || receipt.Position >= header.LogSizeAfter)
        {
            return Fail(out failure, ReceiptFailureKind.WrongBlock,
                $"Position {receipt.Position} is not in block {header.Height}, which holds {header.LogSizeBefore} to {header.LogSizeAfter - 1}.");
        }
        Transaction? transaction = TransactionDecoder.TryDecode(receipt.Envelope, genesis.ChainId, out Rejection? rejection);
        if (transaction is null)
            return Fail(out failure, ReceiptFailureKind.InvalidTransaction, $"The envelope is no valid transaction: {rejection!.Message}");
        LogProofFailure inclusion = LogVerifier.VerifyInclusion(
            transaction.LeafHash, receipt.Position, header.LogSizeAfter, [.. receipt.InclusionPath], header.LogRoot);
        if (inclusion != LogProofFailure.None)
        {
            return Fail(out failure, ReceiptFailureKind.InvalidInclusion,
                $"The inclusion path does not lead from the envelope to the log root of block {header.Height} ({inclusion}).");
        }
        if (VerifiedTransaction.VerifyAll([transaction], signatures)[0] is null)
        {
            return Fail(out failure, ReceiptFailureKind.InvalidSignature,
                "The signer's signature, or one that the transaction carries, does not verify.");
        }
        return VerifySigner(receipt, genesis, sets, transaction, signatures, out failure);
    }

    private static ProvenTransaction? VerifySigner(
        Receipt receipt, Genesis genesis, IReadOnlyList<ValidatorSet> sets, Transaction transaction, ISignatureVerifier signatures,
        out ReceiptFailure? failure)
    {
        failure = null;
        BlockHeader header = receipt.Block.Header;
        BlockHeader proving = receipt.Signer.Later?.Header ?? header;
        if (receipt.Signer.Later is { } later)
        {
            if (later.Header.Height <= header.Height)
                return Fail(out failure, ReceiptFailureKind.InvalidSignerProof, "The signer's entry is proven to an earlier block.");
            if (CheckBlock(later, genesis, sets, signatures, "the later block") is { } badLater)
                return Fail(out failure, ReceiptFailureKind.InvalidCertificate, badLater);
        }
        StateKey key = StateKey.OfficerKey(transaction.Signer);
        StateProofFailure presence = StateVerifier.VerifyPresence(
            proving.StateRoot, key.TreeKey, Sha256.Hash(receipt.Signer.Value.Span), new StatePath(StatePathKind.Presence, receipt.Signer.Path.ToArray()));
        if (presence != StateProofFailure.None)
        {
            return Fail(out failure, ReceiptFailureKind.InvalidSignerProof,
                $"The path does not lead from the signer's entry to the state root of block {proving.Height} ({presence}).");
        }
        if (WireProfile.Check<OfficerKeyState>(receipt.Signer.Value.Span, int.MaxValue) is { } violation)
            return Fail(out failure, ReceiptFailureKind.InvalidSignerProof, $"The signer's entry is no key's: {violation}.");
        OfficerKeyState entry = OfficerKeyState.Parser.ParseFrom(receipt.Signer.Value.Span);
        if (SignerStatus.At(entry, transaction.IsProtocol, header) is { } status)
            return new ProvenTransaction(genesis, transaction, receipt.Position, header, status, sets[(int)header.Epoch]);
        return Fail(out failure, ReceiptFailureKind.SignerNotAuthorised,
            $"The signer's entry says that this key could not sign in block {header.Height}.");
    }

    /// <summary>
    /// A header that contradicts the ends of epochs: keys of departments that have retired sign nothing beyond the end of their
    /// own epoch. Null where there is none.
    /// </summary>
    private static BlockHeader? FindOutside(Receipt receipt)
    {
        IReadOnlyList<EpochEnd> ends = receipt.Epochs;
        BlockHeader?[] headers = [receipt.Block.Header, receipt.Signer.Later?.Header];
        return Array.Find(headers, h => h is not null && h.Epoch <= (ulong)ends.Count && !IsWithin(h));

        bool IsWithin(BlockHeader header)
        {
            int epoch = (int)header.Epoch;
            bool begun = epoch == 0 || header.Height > ends[epoch - 1].Block.Header.Height;
            BlockHeader? last = epoch < ends.Count ? ends[epoch].Block.Header : null;
            return begun && (last is null || header.Height < last.Height || header.Hash == last.Hash);
        }
    }

    private static string? CheckBlock(
        CertifiedBlock block, Genesis genesis, IReadOnlyList<ValidatorSet> sets, ISignatureVerifier signatures, string which)
    {
        if (block.Header.ChainId != genesis.ChainId)
            return $"The header of {which} is of another ledger.";
        if (block.Header.Epoch >= (ulong)sets.Count)
            return $"The header of {which} is of epoch {block.Header.Epoch}; the receipt leads to epoch {sets.Count - 1}.";
        CertificateFailure failure = CertificateVerifier.Verify(block.Header, block.Certificate, sets[(int)block.Header.Epoch], signatures);
        return failure == CertificateFailure.None ? null : $"The certificate of {which} {block.Header.Height} is invalid ({failure}).";
    }

    private static ProvenTransaction? Fail(out ReceiptFailure? failure, ReceiptFailureKind kind, string message)
    {
        failure = new ReceiptFailure(kind, message);
        return null;
    }
}
