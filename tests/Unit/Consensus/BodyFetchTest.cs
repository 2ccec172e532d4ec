using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Catch-up": the transactions of a proposal, and those who give them late, in pieces or not at all.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BodyFetchTest
{
    private const int Leader = 2, Bodies = 3;

    private static readonly int[] Others = [1, 2, 3];

    private readonly byte[][] _envelopes;
    private readonly ProposedBlock _block;
    private bool _signaturesHold = true;

    public BodyFetchTest()
    {
        var key = new TestKey(7);
        _envelopes = [.. Enumerable.Range(0, Bodies).Select(i => Envelope.Unsigned(
            Envelope.Body(Fixture.ChainId, key.Public, Actions.Define($"type-{i}"), expiresAtMs: 1_000_000)))];
        _block = new Fixture(4).Block(transactions: Bodies) with { LeafHashes = [.. _envelopes.Select(LeafOf)] };
    }

    [Test]
    public void Questions_LeaderGivesAll_NobodyElseIsAsked()
    {
        BodyFetch fetch = Fetch();
        Assert.That(AskAll(fetch, (_, wanted) => wanted), Is.EqualTo(new[] { Leader }));
        Assert.That(fetch.Fault, Is.EqualTo(BlockFault.None));
        Assert.That(fetch.Found.Select(static t => t!.Transaction.LeafHash), Is.EqualTo(_block.LeafHashes));
    }

    [Test]
    public void Questions_NothingIsMissing_NobodyIsAsked()
    {
        BodyFetch fetch = Fetch();
        Assert.That(fetch.Take([.. _envelopes.Select(static e => (ReadOnlyMemory<byte>)e)]), Is.EqualTo(_envelopes.Sum(static e => e.Length)));
        Assert.That(fetch.Questions(Others, Leader), Is.Empty);
    }

    [Test]
    public void Questions_LeaderThatGivesOneByOne_IsAskedOnce_AndTheRestComesFromTheOthers()
    {
        BodyFetch fetch = Fetch();
        Assert.That(AskAll(fetch, static (source, wanted) => source == Leader ? wanted[..1] : wanted), Is.EqualTo(new[] { Leader, 1 }));
        Assert.That(fetch.Fault, Is.EqualTo(BlockFault.None));
    }

    [Test]
    public void Questions_AnswerAsLongAsOneMayBe_TheSameIsAskedForTheRest()
    {
        BodyFetch fetch = Fetch(answerBytesMax: _envelopes[0].Length);
        Assert.That(AskAll(fetch, static (_, wanted) => wanted[..1]), Is.EqualTo(new[] { Leader, Leader, Leader }));
        Assert.That(fetch.Fault, Is.EqualTo(BlockFault.None));
    }

    [Test]
    public void Questions_LongAnswerOfWhatNobodyAskedFor_IsNoReasonToAskAgain()
    {
        BodyFetch fetch = Fetch(answerBytesMax: 1_000);
        byte[] other = [.. _envelopes[0], 1];
        Assert.That(AskAll(fetch, (_, _) => [.. Enumerable.Repeat(other, 100)]), Is.EqualTo(new[] { Leader, 1, 3 }));
        Assert.That(fetch.Fault, Is.EqualTo(BlockFault.Unavailable));
    }

    [Test]
    public void Questions_SilenceAndGarbage_AreUnavailable_AndNobodyIsBlamedForThem()
    {
        BodyFetch fetch = Fetch();
        Assert.That(AskAll(fetch, static (source, _) => source == Leader ? null : [[1, 2, 3], []]), Is.EqualTo(new[] { Leader, 1, 3 }));
        Assert.That(fetch.Fault, Is.EqualTo(BlockFault.Unavailable));
    }

    [Test]
    public void Questions_WrongSignatureUnderTheRightLeaf_MakesTheBlockInvalid_AndNobodyElseIsAsked()
    {
        _signaturesHold = false;
        BodyFetch fetch = Fetch();
        Assert.That(AskAll(fetch, static (_, wanted) => wanted), Is.EqualTo(new[] { Leader }));
        Assert.That(fetch.Fault, Is.EqualTo(BlockFault.InvalidTransaction));
        Assert.That(fetch.Found, Is.All.Null);
    }

    [Test]
    public void Questions_LeafOfWhatIsNoTransaction_MakesTheBlockInvalid()
    {
        byte[] garbage = [1, 2, 3];
        var fetch = new BodyFetch(Fixture.ChainId, _block with { LeafHashes = [LeafOf(garbage)] }, Verify, 1_000);
        Assert.That(AskAll(fetch, (_, _) => [garbage]), Is.EqualTo(new[] { Leader }));
        Assert.That(fetch.Fault, Is.EqualTo(BlockFault.InvalidTransaction));
    }

    private static Digest LeafOf(byte[] envelope) => Core.Merkle.LogHash.Leaf(envelope);

    private BodyFetch Fetch(int answerBytesMax = 1_000_000) => new(Fixture.ChainId, _block, Verify, answerBytesMax);

    private VerifiedTransaction?[] Verify(IReadOnlyList<Transaction> transactions) => _signaturesHold
        ? VerifiedTransaction.VerifyAll(transactions, new TrustingVerifier()) : new VerifiedTransaction?[transactions.Count];

    /// <summary>Who is asked, one after the other; the answer is made of the source and of what was asked for.</summary>
    private List<int> AskAll(BodyFetch fetch, Func<int, byte[][], byte[][]?> answer)
    {
        var asked = new List<int>();
        foreach (BodiesQuestion question in fetch.Questions(Others, Leader).Cast<BodiesQuestion>())
        {
            asked.Add(question.Source);
            byte[][] wanted = [.. _envelopes.Where(e => question.Leaves.Contains(LeafOf(e)))];
            question.Answer = answer(question.Source, wanted)?.Select(static e => (ReadOnlyMemory<byte>)e).ToArray();
        }
        return asked;
    }
}
