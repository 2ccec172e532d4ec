using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.TestLedger;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: what a leader builds every other node accepts, with the same roots; and of what deviates, the first deviation
/// is named.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BlockExecutorTest
{
    private readonly TestLedger _ledger = Ready();

    [Test]
    public void BuildThenCheck_GivesTheSameBlock()
    {
        ExecutedBlock built = _ledger.Build(Some()).Block!;
        ExecutedBlock? found = Check(built.Header, built.Transactions, out BlockFailure? failure);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure, Is.Null);
            Assert.That(found!.Header, Is.EqualTo(built.Header));
            Assert.That(found.Changes.Select(c => c.Key), Is.EqualTo(built.Changes.Select(c => c.Key)));
            Assert.That(found.Changes.Select(c => c.Key), Is.Ordered);
            Assert.That(found.Changes.Select(c => c.Value), Is.EqualTo(built.Changes.Select(c => c.Value)));
            Assert.That(found.Records, Is.EqualTo(built.Records));
        }
    }

    [Test]
    public void Build_Header_FollowsFromTheLedgerAndTheTransactions()
    {
        VerifiedTransaction[] some = Some();
        BlockHeader tip = _ledger.State.Tip, header = _ledger.Build(some).Block!.Header;
        LogFrontier log = _ledger.State.Frontier.Append([.. some.Select(t => t.Transaction.LeafHash)]);
        byte[] parameters = _ledger.State.GetState(StateKey.Parameters)!.Value.ToArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((header.Height, header.ParentHash), Is.EqualTo((tip.Height + 1, tip.Hash)));
            Assert.That((header.LogSizeBefore, header.LogSizeAfter), Is.EqualTo((4UL, 7UL)));
            Assert.That(header.LogRoot, Is.EqualTo(log.Root));
            Assert.That(header.ParametersHash, Is.EqualTo(DomainTag.Hash(DomainTag.Parameters, parameters)));
            Assert.That(header.ValidatorSetHash, Is.EqualTo(_ledger.Genesis.Validators.Hash));
            Assert.That(header.NextValidatorSetHash, Is.EqualTo(_ledger.Genesis.Validators.Hash));
        }
    }

    [Test]
    public void StateRoot_IsThatOfAllValues()
    {
        ExecutedBlock setUp = new TestLedger().Commit((AlphaAdmin, Actions.Define()));
        var values = new TestLedger().Genesis.Block.Changes.Concat(setUp.Changes)
            .GroupBy(change => change.Key).Select(group => group.Last());
        Digest root = StateTree.BuildRoot(
            values.Select(v => (Key: v.Key.TreeKey, ValueDigest: Sha256.Hash(v.Value))).OrderBy(leaf => leaf.Key));
        Assert.That(setUp.Header.StateRoot, Is.EqualTo(root));
    }

    [Test]
    public void Order_OfTheSameTransactions_ChangesBothRootsOrIsRefused()
    {
        VerifiedTransaction a = _ledger.Make(AlphaClerk, Actions.Register("a"));
        VerifiedTransaction b = _ledger.Make(AlphaClerk, Actions.Register("b"));
        VerifiedTransaction then = _ledger.Make(AlphaClerk, Actions.Amend("a", 1));
        ExecutedBlock built = _ledger.Build(a, b, then).Block!;
        Check(built.Header, [b, a, then], out BlockFailure? failure);
        Assert.That(failure!.Kind, Is.EqualTo(BlockFailureKind.LogRoot));
        Check(built.Header, [then, a, b], out failure);
        Assert.That((failure!.Kind, failure.TransactionIndex, failure.Rejection!.Code), Is.EqualTo(
            (BlockFailureKind.InvalidTransaction, 0, RejectionCode.VersionAhead)));
        Assert.That(_ledger.Build(b, a).Block!.Header.StateRoot, Is.Not.EqualTo(_ledger.Build(a, b).Block!.Header.StateRoot));
    }

    [TestCase(2, BlockFailureKind.ChainId)]
    [TestCase(41, BlockFailureKind.Height)]
    [TestCase(42, BlockFailureKind.ParentHash)]
    [TestCase(81, BlockFailureKind.Epoch)]
    [TestCase(82, BlockFailureKind.ValidatorSetHash)]
    [TestCase(114, BlockFailureKind.NextValidatorSetHash)]
    [TestCase(146, BlockFailureKind.InvalidTransaction)]
    [TestCase(154, BlockFailureKind.Proposer)]
    [TestCase(155, BlockFailureKind.StateRoot)]
    [TestCase(163, BlockFailureKind.LogSizeBefore)]
    [TestCase(171, BlockFailureKind.LogSizeAfter)]
    [TestCase(172, BlockFailureKind.LogRoot)]
    [TestCase(204, BlockFailureKind.StateRoot)]
    [TestCase(236, BlockFailureKind.ParametersHash)]
    public void Check_HeaderWithAFlippedBit_NamesTheField(int offset, BlockFailureKind kind)
    {
        ExecutedBlock built = _ledger.Build(Some()).Block!;
        Assert.That(Check(Flip(built.Header, offset * 8 + 7), built.Transactions, out BlockFailure? failure), Is.Null);
        Assert.That(failure!.Kind, Is.EqualTo(kind));
        Assert.That(failure.Expected, Is.Not.EqualTo(failure.Found));
        Assert.That(failure.ToString(), Does.StartWith(kind.ToString()));
    }

    [Test]
    public void Check_AnyFlippedBitOfTheHeader_IsRefused()
    {
        ExecutedBlock built = _ledger.Build(Some()).Block!;
        for (int bit = 16; bit < BlockHeader.Size * 8; bit++)
        {
            Check(Flip(built.Header, bit), built.Transactions, out BlockFailure? failure);
            Assert.That(failure, Is.Not.Null, $"bit {bit}");
        }
    }

    [Test]
    public void Check_TimeNotAfterTheParents_IsRefused()
    {
        ExecutedBlock built = _ledger.Build(Some()).Block!;
        byte[] bytes = built.Header.ToBytes();
        _ledger.State.Tip.ToBytes().AsSpan(146, 8).CopyTo(bytes.AsSpan(146));
        Check(BlockHeader.TryRead(bytes)!, built.Transactions, out BlockFailure? failure);
        Assert.That(failure!.Kind, Is.EqualTo(BlockFailureKind.Timestamp));
    }

    [Test]
    public void Check_OtherTransactionsThanTheHeaders_IsRefused()
    {
        ExecutedBlock built = _ledger.Build(Some()).Block!;
        Check(built.Header, [], out BlockFailure? failure);
        Assert.That(failure!.Kind, Is.EqualTo(BlockFailureKind.Empty));
        Check(built.Header, [.. built.Transactions.Take(2)], out failure);
        Assert.That(failure!.Kind, Is.EqualTo(BlockFailureKind.LogSizeAfter));
        VerifiedTransaction twice = built.Transactions[0];
        Check(built.Header, [twice, twice, twice], out failure);
        Assert.That((failure!.TransactionIndex, failure.Rejection!.Code), Is.EqualTo((1, RejectionCode.Duplicate)));
    }

    [Test]
    public void Limits_OfTheParameters_EndABlockAndRefuseALargerOne()
    {
        TestLedger small = Ready(body => body.Parameters.BlockTransactionsMax = 3);
        VerifiedTransaction[] five = [.. Enumerable.Range(0, 5).Select(i => small.Make(AlphaClerk, Actions.Register($"r{i}")))];
        BuiltBlock built = small.Build(five);
        Assert.That((built.Block!.Transactions.Count, built.LeftOut.Count), Is.EqualTo((3, 0)));
        BlockExecutor.Check(small.State, small.Genesis.Validators, built.Block.Header, five, out BlockFailure? failure);
        Assert.That(failure!.Kind, Is.EqualTo(BlockFailureKind.TooManyTransactions));

        TestLedger narrow = Ready(body => body.Parameters.BlockBytesMax = 65_535);
        five = [.. Enumerable.Range(0, 5).Select(i => narrow.Make(AlphaClerk, Actions.Register($"r{i}", content: new string('x', 20_000))))];
        built = narrow.Build(five);
        Assert.That((built.Block!.Transactions.Count, built.LeftOut.Count), Is.EqualTo((3, 0)));
        BlockExecutor.Check(narrow.State, narrow.Genesis.Validators, built.Block.Header, five, out failure);
        Assert.That(failure!.Kind, Is.EqualTo(BlockFailureKind.TooManyBytes));
    }

    [Test]
    public void Build_WithNothingValid_GivesNoBlock()
    {
        Assert.That(_ledger.Build().Block, Is.Null);
        BuiltBlock built = _ledger.Build(_ledger.Make(Spare, Actions.Register("a")));
        Assert.That((built.Block is null, built.LeftOut.Count), Is.EqualTo((true, 1)));
    }

    [Test]
    public void Build_AtAnImpossibleTimeOrPlace_Throws()
    {
        ulong now = _ledger.State.Tip.TimestampMs;
        var stranger = new ValidatorSet([new Validator("alpha", Spare.Public)]);
        Assert.That(() => BlockExecutor.Build(_ledger.State, _ledger.Genesis.Validators, now, 0, []), Throws.ArgumentException);
        Assert.That(() => BlockExecutor.Build(_ledger.State, _ledger.Genesis.Validators, now + 1, 2, []), Throws.ArgumentException);
        Assert.That(() => BlockExecutor.Build(_ledger.State, stranger, now + 1, 0, []), Throws.ArgumentException);
    }

    [Test]
    public void Leader_RunIsCountedFromBlockToBlock()
    {
        Assert.That(new TestLedger().Leader, Is.EqualTo(new LeaderState { Departments = { "alpha", "beta" } }));
        var seen = new List<(string, uint)>();
        foreach (ushort proposer in new ushort[] { 0, 0, 1, 1, 0 })
        {
            VerifiedTransaction next = _ledger.Make(AlphaClerk, Actions.Register($"r{seen.Count}"));
            _ledger.State.Apply(BlockExecutor.Build(
                _ledger.State, _ledger.Genesis.Validators, _ledger.NextTimeMs, proposer, [next]).Block!);
            seen.Add((_ledger.Leader.LastProposer, _ledger.Leader.Run));
        }
        Assert.That(seen, Is.EqualTo(new[] { ("alpha", 2U), ("alpha", 3U), ("beta", 1U), ("beta", 2U), ("alpha", 1U) }));
    }

    [Test]
    public void Apply_OfABlockThatDoesNotFollow_Throws()
    {
        ExecutedBlock block = _ledger.Build(Some()).Block!;
        _ledger.State.Apply(block);
        Assert.That(() => _ledger.State.Apply(block), Throws.ArgumentException);
    }

    private VerifiedTransaction[] Some() =>
    [
        _ledger.Make(AlphaClerk, Actions.Register("a")),
        _ledger.Make(AlphaAdmin, Actions.Define(expected: 1)),
        _ledger.Make(BetaAdmin, Actions.Enrol("8", Spare, OfficerRole.Approver)),
    ];

    private ExecutedBlock? Check(
        BlockHeader header, IReadOnlyList<VerifiedTransaction> transactions, out BlockFailure? failure) =>
        BlockExecutor.Check(_ledger.State, _ledger.Genesis.Validators, header, transactions, out failure);

    private static BlockHeader Flip(BlockHeader header, int bit)
    {
        byte[] bytes = header.ToBytes();
        bytes[bit / 8] ^= (byte)(0x80 >> (bit % 8));
        return BlockHeader.TryRead(bytes)!;
    }
}
