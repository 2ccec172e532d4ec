using System.Buffers.Binary;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Storage;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>
/// Blocks with real logs, trees and roots, but transactions that only storage would accept: it looks at bytes and
/// hashes, not at meaning.
/// </summary>
public abstract class LedgerFixture : StorageFixture
{
    private static readonly PublicKey Signer = ParseGenerator();

    protected string LedgerPath => Path.Combine(DirectoryPath, "ledger");

    protected string TipPath => Path.Combine(DirectoryPath, "tip");

    /// <summary>A ledger of blocks 0 to <paramref name="height"/>, closed.</summary>
    protected void MakeLedger(int height, int transactions = 3) =>
        WithStore(store =>
        {
            while (store.IsEmpty || store.Current.TipHeight < (ulong)height)
                AppendNext(store, transactions);
        });

    protected void WithStore(Action<LedgerStore> use)
    {
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
        using LedgerStore store = LedgerStore.Open(directory);
        use(store);
    }

    protected static ExecutedBlock AppendNext(LedgerStore store, int transactions = 3, int bytes = 100)
    {
        ExecutedBlock block = store.IsEmpty ? GenesisBlock() : NextBlock(store.Current, transactions, bytes);
        store.Append(block, CertificateOf(block));
        return block;
    }

    protected static ExecutedBlock GenesisBlock()
    {
        var changes = new StateChange[] { new(StateKey.Parameters, [1]), new(StateKey.Department("land"), [2]) };
        Digest leaf = LogHash.Leaf([.. DomainTag.GenesisLeaf, .. Chain.Span]);
        LogAppend log = LogAppend.Compute(LogFrontier.Empty, new NoTiles(), [leaf]);
        return Finish(null, [], log, Update(new NoPages(), StateTree.EmptyRoot, changes), changes, []);
    }

    /// <summary>Each transaction writes the next version of one of a hundred records.</summary>
    protected static ExecutedBlock NextBlock(ILedgerView view, int transactions, int bytes = 100)
    {
        BlockHeader tip = view.Tip;
        VerifiedTransaction[] verified = VerifiedTransaction.VerifyAll(
            [.. Enumerable.Range(0, transactions).Select(i => MakeTransaction(tip.LogSizeAfter + (ulong)i, bytes))],
            new AcceptsAll())!;
        var changes = new SortedDictionary<StateKey, byte[]>();
        var records = new List<RecordVersionEntry>();
        for (ulong position = tip.LogSizeAfter; position < tip.LogSizeAfter + (ulong)transactions; position++)
        {
            StateKey record = RecordAt(position);
            records.Add(new RecordVersionEntry(record, (position - 1) / 100 + 1, position));
            changes[record] = [.. BitConverter.GetBytes(position), 7];
        }
        StateChange[] changed = [.. changes.Select(c => new StateChange(c.Key, c.Value))];
        LogAppend log = LogAppend.Compute(view.Frontier, view, [.. verified.Select(v => v.Transaction.LeafHash)]);
        return Finish(tip, verified, log, Update(view, tip.StateRoot, changed), changed, records);
    }

    protected static StateKey RecordAt(ulong position) => StateKey.Record("parcel", $"r{(position - 1) % 100}");

    protected static Certificate? CertificateOf(ExecutedBlock block) => block.Header.Height == 0
        ? null
        : new Certificate(VoteType.Commit, 0, block.Header.Height, 0, block.Header.Hash, []);

    protected static byte[] EnvelopeAt(ulong position, int bytes)
    {
        byte[] envelope = new byte[bytes];
        new Random((int)position).NextBytes(envelope);
        BinaryPrimitives.WriteUInt64BigEndian(envelope, position);
        return envelope;
    }

    private static Transaction MakeTransaction(ulong position, int bytes) => TransactionOf(EnvelopeAt(position, bytes));

    /// <summary>The transaction that an envelope stands for.</summary>
    protected static Transaction TransactionOf(ReadOnlyMemory<byte> envelope) =>
        new(envelope, new TransactionBody(), Sha256.Hash(envelope.Span), LogHash.Leaf(envelope.Span), Signer, default, []);

    private static StateUpdate Update(IStatePageReader pages, Digest root, IEnumerable<StateChange> changes) =>
        StateTree.Update(pages, root,
            [.. changes.Select(c => (c.Key.TreeKey, Sha256.Hash(c.Value))).OrderBy(c => c.TreeKey)]);

    private static ExecutedBlock Finish(BlockHeader? tip, VerifiedTransaction[] transactions, LogAppend log,
        StateUpdate state, IReadOnlyList<StateChange> changes, IReadOnlyList<RecordVersionEntry> records)
    {
        var header = new BlockHeader
        {
            ChainId = Chain,
            Height = tip is null ? 0 : tip.Height + 1,
            ParentHash = tip?.Hash ?? Digest.Zero,
            Epoch = 0,
            ValidatorSetHash = Digest.Zero,
            NextValidatorSetHash = Digest.Zero,
            TimestampMs = tip is null ? 1 : tip.TimestampMs + 1,
            Proposer = 0,
            LogSizeBefore = tip?.LogSizeAfter ?? 0,
            LogSizeAfter = log.NewSize,
            LogRoot = log.NewRoot,
            StateRoot = state.NewRoot,
            ParametersHash = Digest.Zero,
        };
        return new ExecutedBlock(header, transactions, log, state, changes, records);
    }

    private static PublicKey ParseGenerator()
    {
        byte[] bytes = Convert.FromHexString("0279BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798");
        Assert.That(PublicKey.TryParse(bytes, out PublicKey? key));
        return key!;
    }

    private sealed class AcceptsAll : ISignatureVerifier
    {
        public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> valid) => valid.Fill(true);
    }

    private sealed class NoTiles : ITileReader
    {
        public ReadOnlyMemory<byte> GetTile(byte level, ulong index) =>
            throw new MissingTileException(new TileId(level, index));
    }

    private sealed class NoPages : IStatePageReader
    {
        public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) => null;
    }
}
