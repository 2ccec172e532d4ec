using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Core.Verification;

/// <summary>The first deviation that an audit found, exactly.</summary>
/// <param name="Height">The block.</param>
/// <param name="Where">The transaction, field or key.</param>
/// <param name="Expected">What the rules give.</param>
/// <param name="Found">What stands there.</param>
/// <param name="Meaning">What it implies, and what to do.</param>
public sealed record AuditProblem(ulong Height, string Where, string Expected, string Found, string Meaning)
{
    /// <summary>The block's first transaction that should not have been accepted, if that is the problem.</summary>
    public RefusedTransaction? Refused { get; init; }
}

/// <summary>A transaction that may not stand where it stands.</summary>
/// <param name="Index">Its place in the block, from 0.</param>
/// <param name="Position">Its place in the log.</param>
/// <param name="Rule">The code that it is refused with.</param>
public sealed record RefusedTransaction(int Index, ulong Position, RejectionCode Rule);

/// <summary>A block as it was stored or sent, before anything of it is believed.</summary>
/// <param name="Header">The header's bytes.</param>
/// <param name="Certificate">The certificate's bytes; empty at height 0.</param>
/// <param name="Leaves">The leaves' bytes, in order: envelopes, at height 0 the genesis leaf.</param>
public sealed record RawBlock(
    ReadOnlyMemory<byte> Header, ReadOnlyMemory<byte> Certificate, IReadOnlyList<ReadOnlyMemory<byte>> Leaves);

/// <summary>
/// A block whose bytes were decoded and whose signatures were verified, or the problem met on the way. Does not depend on
/// the blocks before, so the shell prepares many at once.
/// </summary>
public sealed class PreparedBlock
{
    private PreparedBlock(AuditProblem problem) => Problem = problem;

    private PreparedBlock(
        BlockHeader header, Certificate? certificate, IReadOnlyList<VerifiedTransaction> transactions, IReadOnlyList<Digest> leaves)
    {
        Header = header;
        Certificate = certificate;
        Transactions = transactions;
        LeafHashes = leaves;
    }

    /// <summary>What is wrong with it by itself. Where that is a transaction, those before it are there: what they do on the ledger may
    /// be wrong before that.</summary>
    internal AuditProblem? Problem { get; private init; }

    internal BlockHeader? Header { get; }

    internal Certificate? Certificate { get; }

    internal IReadOnlyList<VerifiedTransaction> Transactions { get; } = [];

    internal IReadOnlyList<Digest> LeafHashes { get; } = [];

    /// <summary>Decodes the header, the certificate and every envelope, and verifies every signature of them.</summary>
    public static PreparedBlock Prepare(ulong height, RawBlock raw, Genesis genesis, ISignatureVerifier signatures)
    {
        if (BlockHeader.TryRead(raw.Header.Span) is not { } header)
            return Bad(height, "header", $"{BlockHeader.Size} bytes of a known layout", $"{raw.Header.Length} bytes", "The header cannot be read.");
        if (height == 0)
            return new PreparedBlock(header, null, [], [.. raw.Leaves.Select(l => LogHash.Leaf(l.Span))]);
        if (Certificate.TryRead(raw.Certificate.Span) is not { } certificate)
            return Bad(height, "certificate", "a known layout", $"{raw.Certificate.Length} bytes", "The certificate cannot be read: nobody vouches for this block.");
        // The founding set is known before any block; of a later one only the blocks before say who it is.
        bool isFounding = header.ValidatorSetHash == genesis.Validators.Hash;
        if (isFounding && CheckCertificate(header, certificate, genesis.Validators, signatures) is { } uncertified)
            return new PreparedBlock(uncertified with { Height = height });
        var transactions = new List<Transaction>(raw.Leaves.Count);
        Rejection? unreadable = null;
        foreach (DecodedEnvelope decoded in TransactionDecoder.DecodeAll(raw.Leaves, genesis.ChainId))
        {
            if (decoded.Transaction is not { } transaction)
            {
                unreadable = decoded.Rejection;
                break;
            }
            transactions.Add(transaction);
        }
        VerifiedTransaction?[] verified = VerifiedTransaction.VerifyAll(transactions, signatures);
        int wrong = Array.IndexOf(verified, null);
        AuditProblem? problem = wrong >= 0
            ? Refuse(height, header, wrong, RejectionCode.InvalidSignature, $"a signature by {transactions[wrong].Signer}, and those it carries", "another",
                "Its signer did not sign these bytes, or a signature that it carries is another's.")
            : unreadable is null ? null
            : Refuse(height, header, transactions.Count, unreadable.Code, "a valid envelope", unreadable.CodeName,
                "The envelope was altered, or the departments signed what the rules forbid: no honest node lets such bytes into a block.");
        return new PreparedBlock(
            header, certificate, [.. verified.TakeWhile(static v => v is not null).Select(static v => v!)], [.. transactions.Select(t => t.LeafHash)])
        {
            Unverified = isFounding ? null : signatures,
            Problem = problem,
        };
    }

    /// <summary>What verifies the certificate, where that waits for the blocks before; null where it is verified.</summary>
    internal ISignatureVerifier? Unverified { get; private init; }

    internal static AuditProblem? CheckCertificate(
        BlockHeader header, Certificate certificate, ValidatorSet set, ISignatureVerifier signatures)
    {
        CertificateFailure failure = CertificateVerifier.Verify(header, certificate, set, signatures);
        return failure == CertificateFailure.None ? null : new AuditProblem(header.Height, "certificate",
            $"signatures of {set.QuorumSize} departments over this header", failure.ToString(),
            "Header or certificate was altered: the departments did not agree to this block.");
    }

    internal static string Position(BlockHeader header, int index) =>
        $"transaction {index} (position {header.LogSizeBefore + (ulong)index})";

    private static AuditProblem Refuse(
        ulong height, BlockHeader header, int index, RejectionCode rule, string expected, string found, string meaning) =>
        new(height, Position(header, index), expected, found, meaning)
        {
            Refused = new RefusedTransaction(index, header.LogSizeBefore + (ulong)index, rule),
        };

    private static PreparedBlock Bad(ulong height, string where, string expected, string found, string meaning) =>
        new(new AuditProblem(height, where, expected, found, meaning));
}

/// <summary>
/// Proves a chain whole from its genesis: every leaf hashed again, every transaction executed again, every root compared,
/// every signature and certificate verified (see evidence.md, "Audit"). Takes blocks in order and holds the state that
/// they give; one thread at a time.
/// </summary>
/// <param name="genesis">The ledger's beginning.</param>
/// <param name="newest">The newest protocol version that is executed here.</param>
public sealed class ChainAuditor(Genesis genesis, uint newest = ProtocolVersions.Newest)
{
    /// <summary>The ledger as the blocks so far give it: what a node's own state must equal.</summary>
    public InMemoryLedger Ledger { get; } = new(genesis);

    /// <summary>Who certifies the next block.</summary>
    public ValidatorSet Validators { get; private set; } = genesis.Validators;

    /// <summary>The first problem; once there is one, nothing after it is looked at.</summary>
    public AuditProblem? Problem { get; private set; }

    /// <summary>Why nothing more is proven although nothing deviates: what follows is of a later version.</summary>
    public UnexecutableVersionException? End { get; private set; }

    /// <summary>The next height to be taken.</summary>
    public ulong NextHeight { get; private set; }

    /// <summary>Takes the next block. False once there is a problem, or the ledger has come to its <see cref="End"/>.</summary>
    public bool Add(PreparedBlock block)
    {
        if (Problem is not null || End is not null)
            return false;
        uint version = ProtocolVersions.Of(Ledger).Version;
        if (NextHeight > 0 && version > newest)
        {
            End = new UnexecutableVersionException(NextHeight, version, newest);
            return false;
        }
        bool isWhole = block.Problem is null or { Refused: not null };
        Problem = !isWhole ? block.Problem : NextHeight == 0 ? CheckGenesis(block) : Execute(block);
        NextHeight++;
        return Problem is null;
    }

    private AuditProblem? CheckGenesis(PreparedBlock block)
    {
        if (block.Header!.Hash != genesis.Block.Header.Hash)
            return new AuditProblem(0, "header", genesis.Block.Header.Hash.ToString(), block.Header.Hash.ToString(), "This is another ledger's beginning.");
        Digest leaf = LogHash.Leaf(genesis.Leaf.Span);
        return block.LeafHashes.Count == 1 && block.LeafHashes[0] == leaf ? null
            : new AuditProblem(0, "leaf 0", leaf.ToString(), block.LeafHashes.Count == 1 ? block.LeafHashes[0].ToString() : $"{block.LeafHashes.Count} leaves",
                "The genesis leaf was altered.");
    }

    private AuditProblem? Execute(PreparedBlock block)
    {
        BlockHeader header = block.Header!;
        if (header.Height != NextHeight)
            return new AuditProblem(NextHeight, "header", $"height {NextHeight}", $"height {header.Height}", "Blocks are missing or out of order.");
        if (block.Unverified is { } signatures
            && PreparedBlock.CheckCertificate(header, block.Certificate!, Validators, signatures) is { } uncertified)
            return uncertified;
        if (block.Problem is { } refused)
            return BlockExecutor.FindInvalid(Ledger, header, block.Transactions) is { } earlier ? Describe(header, earlier) : refused;
        ExecutedBlock? executed = BlockExecutor.Check(Ledger, Validators, header, block.Transactions, out BlockFailure? failure);
        if (executed is null)
            return Describe(header, failure!);
        Ledger.Apply(executed);
        if (header.NextValidatorSetHash != Validators.Hash)
            Validators = ValidatorHistory.Of(genesis, Ledger).Acting;
        return null;
    }

    private static AuditProblem Describe(BlockHeader header, BlockFailure failure)
    {
        string found = failure.Rejection is { } rejection
            ? $"{failure.Found} in {PreparedBlock.Position(header, failure.TransactionIndex)}: {rejection.Message}" : failure.Found;
        return new AuditProblem(header.Height, failure.Kind.ToString(), failure.Expected, found,
            "The block's content is not what its certified header says: it was altered after the departments signed, or they signed what the rules forbid.")
        {
            Refused = failure.Rejection is null ? null : new RefusedTransaction(
                failure.TransactionIndex, header.LogSizeBefore + (ulong)failure.TransactionIndex, failure.Rejection.Code),
        };
    }
}
