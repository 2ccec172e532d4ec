using System.Numerics;
using GovChain.Consensus;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Catch-up": whom to ask, what to believe, whom to pass over (ASA-2024-008, ASA-2025-001).
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CatchUpTest
{
    private static readonly int[] Others = [1, 2, 3];

    private readonly Fixture _four = new(4);
    private readonly CatchUp _catchUp;

    public CatchUpTest() => _catchUp = new CatchUp(Fixture.ChainId, _four.Keys.Set, _four.Keys);

    [Test]
    public void Target_OnlyGrows()
    {
        _catchUp.Need(9, 1);
        _catchUp.Need(5, 2);
        Assert.That(_catchUp.Target, Is.EqualTo(9), "a peer that lowers its height lowers nobody's");
    }

    [Test]
    public void Sources_NotTriedYet_BeginWithTheHint()
    {
        _catchUp.Need(9, 3);
        Assert.That(_catchUp.Sources(Others, 0), Is.EqualTo(new[] { 3, 1, 2 }));
        Assert.That(_catchUp.Sources([], 0), Is.Empty);
    }

    [Test]
    public void Sources_TheFastestFirst_ByTheTimeABlockTook_EvenBeforeTheHint()
    {
        Answer(1, tookUs: 8_000, blocks: 4);
        Answer(2, tookUs: 6_000, blocks: 6);
        _catchUp.Need(9, 1);
        Assert.That(_catchUp.Sources(Others, 0), Is.EqualTo(new[] { 3, 2, 1 }), "one not tried yet before all");
        Answer(3, tookUs: 5_000, blocks: 1);
        Assert.That(_catchUp.Sources(Others, 0), Is.EqualTo(new[] { 2, 1, 3 }));
        for (int i = 0; i < 20; i++)
            Answer(2, tookUs: 9_000, blocks: 1);
        Assert.That(_catchUp.Sources(Others, 0), Is.EqualTo(new[] { 1, 3, 2 }), "the newest answers count most");
    }

    [Test]
    public void Sources_APaceOfLongAgo_CountsLess()
    {
        Answer(1, tookUs: 3_000, blocks: 1);
        Answer(2, tookUs: 2_000, blocks: 1, nowMs: Pace.HalvedAfterMs);
        Answer(3, tookUs: 1_000, blocks: 1, nowMs: Pace.HalvedAfterMs);
        Assert.That(_catchUp.Sources(Others, Pace.HalvedAfterMs), Is.EqualTo(new[] { 3, 1, 2 }), "half of 3,000 is less than 2,000");
        Assert.That(_catchUp.Sources(Others, 10 * Pace.HalvedAfterMs), Is.EqualTo(new[] { 3, 2, 1 }), "11 and 10 parts of the time");
    }

    /// <summary>The node's own line is cut, so that nobody's answer comes. Then the hostile one gives one block at a time, a little faster than
    /// an answer that never came has made the others seem.</summary>
    [Test]
    public void Sources_AfterTheLineWasCut_AreSoonTheHonestAgain([Values] bool hostile)
    {
        const int liar = 1;
        const long honestUs = 20_000, timeoutUs = 10_000_000, cutUs = 25_000_000;
        const ulong before = 10, all = 200; // ranges
        long us = 0, upAgainUs = 0;
        ulong have = 0;
        while (have < all * CatchUp.RangeBlocks && us < 3_600_000_000)
        {
            bool isCut = have >= before * CatchUp.RangeBlocks && us < cutUs;
            foreach (int source in _catchUp.Sources(Others, (ulong)us / 1_000))
            {
                bool slow = hostile && source == liar;
                int count = isCut ? 0 : slow && us >= cutUs ? 1 : CatchUp.RangeBlocks;
                BlocksQuestion question = _catchUp.Ask(source, have + 1);
                count = Math.Min(count, question.Count);
                question.TookUs = isCut ? timeoutUs : !slow ? honestUs : us < cutUs ? 100 : timeoutUs / 4 - 10_000;
                question.Answer = isCut ? null : Blocks(have + 1, count);
                us += question.TookUs;
                upAgainUs = isCut ? us : upAgainUs;
                have += (ulong)count;
                if (_catchUp.Take(question, (ulong)us / 1_000, out _))
                    break;
            }
            us += isCut ? (long)CatchUp.PauseMs * 1_000 : 0;
        }
        Assert.That((us - upAgainUs) / 1_000, Is.LessThan(2 * (long)CatchUp.PassedOverMs), "milliseconds after the line is there again");
    }

    /// <summary>The node's own line takes longer for a range than anybody waits, and longer still as what came too late comes all the same. One of
    /// the three keeps silent.</summary>
    [Test]
    public void Range_OverASlowLine_ComesInTimeInTheEnd([Values(250_000, 2_000_000, 5_000_000)] long blockUs, [Values] bool hostile)
    {
        const long timeoutUs = 10_000_000;
        const ulong all = 1_000;
        long us = 0, lineUs = 0; // until then the line is taken
        ulong have = 0;
        while (have < all && us < 86_400_000_000)
        {
            bool given = false;
            foreach (int source in _catchUp.Sources(Others, (ulong)us / 1_000))
            {
                BlocksQuestion question = _catchUp.Ask(source, have + 1);
                bool silent = hostile && source == 1;
                lineUs = Math.Max(us, lineUs) + (silent ? 0 : question.Count * blockUs);
                bool comes = !silent && lineUs - us <= timeoutUs;
                question.TookUs = comes ? lineUs - us : timeoutUs;
                question.Answer = comes ? Blocks(have + 1, question.Count) : null;
                us += question.TookUs;
                given = _catchUp.Take(question, (ulong)us / 1_000, out _);
                have += given ? (ulong)question.Count : 0;
                if (given)
                    break;
            }
            us += given ? 0 : (long)CatchUp.PauseMs * 1_000;
        }
        long least = (long)all * blockUs, halvings = Others.Length * BitOperations.Log2(CatchUp.RangeBlocks) * timeoutUs;
        Assert.That(us / 1_000, Is.LessThan((4 * halvings + (hostile ? 3 : 2) * least) / 1_000), "milliseconds");
    }

    [Test]
    public void Range_IsHalvedWhereNoneCame_AndDoubledWhereTheyComeQuickly_OfEachAlone()
    {
        var counts = new List<int>();
        for (int i = 0; i < 8; i++)
            Take(10_000_000, comes: false);
        Assert.That(counts, Is.EqualTo(new[] { 64, 32, 16, 8, 4, 2, 1, 1 }));
        Assert.That(_catchUp.Ask(2, 1).Count, Is.EqualTo(CatchUp.RangeBlocks), "whoever keeps silent makes nobody else give less");
        counts.Clear();
        Take(2_500_000, comes: true);
        Take(2_499_999, comes: true);
        Take(3_000_000, comes: true);
        Take(2_500_000, comes: true, blocks: 0);
        Take(1, comes: true, blocks: 0);
        for (int i = 0; i < 7; i++)
            Take(2_000_000, comes: true);
        Assert.That(counts, Is.EqualTo(new[] { 1, 1, 2, 2, 2, 2, 4, 8, 16, 32, 64, 64 }), "a quarter of the time, and none is no answer's size");

        void Take(long tookUs, bool comes, int blocks = 1)
        {
            BlocksQuestion question = _catchUp.Ask(1, 1);
            counts.Add(question.Count);
            (question.TookUs, question.Answer) = (tookUs, comes ? new BlockRange(1, Blocks(1, blocks).Blocks, 0, 0) : null);
            _catchUp.Take(question, 0, out _);
        }
    }

    /// <summary>Numbers are given out anew in each epoch; what they had shown goes with those who had them.</summary>
    [Test]
    public void Sources_InTheNextEpoch_AreKnown()
    {
        var known = new BlockSources<int>();
        CatchUp Epoch(int shift) => new(Fixture.ChainId, _four.Keys.Set, _four.Keys, s => known.Of(s + shift));
        CatchUp before = Epoch(0), after = Epoch(-1);
        before.Take(new BlocksQuestion(1, 1) { TookUs = 10_000_000 }, 1_000, out _);
        before.Take(new BlocksQuestion(2, 1) { TookUs = 64, Answer = Blocks(1, 1) }, 1_000, out _);
        Assert.That(after.IsPassedOver(2, 1_000));
        Assert.That(after.Ask(2, 1).Count, Is.EqualTo(CatchUp.RangeBlocks / 2));
        Assert.That(after.Sources([1, 2, 3], 1_000 + CatchUp.PassedOverMs), Is.EqualTo(new[] { 1, 3, 2 }), "nobody tried 1 before");
    }

    /// <summary>Its stream may have ended because the line was full.</summary>
    [Test]
    public void Range_OfOneWhoseStreamEnded_IsHalved_AndSoIsWhatIsFollowed()
    {
        _catchUp.Ended(_catchUp.Ask(1, 1), 0);
        var following = new Following(_catchUp, validators: 4);
        following.Say(1, 99);
        Assert.That(following.Next([1], 0, 0)!.Count, Is.EqualTo(CatchUp.RangeBlocks / 2));
    }

    [Test]
    public void Sources_OneThatHasNothing_IsAsSlowAsItsAnswer()
    {
        Answer(1, tookUs: 3_000, blocks: 0);
        Answer(2, tookUs: 4_000, blocks: 2);
        Answer(3, tookUs: 1_000, blocks: 0);
        Assert.That(_catchUp.Sources(Others, 0), Is.EqualTo(new[] { 3, 2, 1 }));
    }

    [Test]
    public void Sources_ThoseWithoutAVote_ComeAfterTheValidators_ButBeforeOnePassedOver()
    {
        Answer(4, tookUs: 5, blocks: 1);
        Answer(1, tookUs: 7, blocks: 1);
        Assert.That(_catchUp.Sources([5, 1, 4, 2], 0), Is.EqualTo(new[] { 2, 1, 5, 4 }));
        _catchUp.PassOver(2, 0);
        Assert.That(_catchUp.Sources([5, 1, 4, 2], 0), Is.EqualTo(new[] { 1, 5, 4, 2 }));
        Assert.That(_catchUp.Sources([4], 0), Is.EqualTo(new[] { 4 }));
    }

    [Test]
    public void Answer_None_PassesItOver_AndSoDoesOneWithheld()
    {
        Assert.That(_catchUp.Take(new BlocksQuestion(1, 5), 1_000, out string? silent), Is.False);
        Assert.That(silent, Does.StartWith("did not answer"));
        Assert.That(_catchUp.Take(Asked(2, 5, 0, 9), 1_000, out string? withheld), Is.False);
        Assert.That(withheld, Does.StartWith("withholds"));
        Assert.That(_catchUp.Take(Asked(3, 5, 0, 4), 1_000, out string? none), Is.False);
        Assert.That(none, Is.Null);
        Assert.That(Others.Select(s => _catchUp.IsPassedOver(s, 1_000)), Is.EqualTo(new[] { true, true, false }));
    }

    [Test]
    public void Sources_OnePassedOver_ComesLastForAWhile_EvenAsTheHint()
    {
        _catchUp.PassOver(1, 1_000);
        _catchUp.Need(9, 1);
        Assert.That(_catchUp.Sources(Others, 1_500)[^1], Is.EqualTo(1));
        Assert.That(_catchUp.IsPassedOver(1, 1_000 + CatchUp.PassedOverMs - 1), Is.True);
        Assert.That(_catchUp.IsPassedOver(1, 1_000 + CatchUp.PassedOverMs), Is.False);
        Assert.That(_catchUp.IsPassedOver(2, 1_500), Is.False);
    }

    [Test]
    public void Sources_OfThosePassedOver_TheOneLongestAgoIsFirst_HoweverFastTheOtherLies()
    {
        Answer(1, tookUs: 1, blocks: 1);
        Answer(2, tookUs: 9_000, blocks: 1);
        Answer(3, tookUs: 5_000, blocks: 1);
        Assert.That(Others.Select((s, i) => _catchUp.PassOver(s, 1_000 + (ulong)i)), Is.All.False);
        Assert.That(_catchUp.PassOver(1, 1_500), "the others were asked first");
        Assert.That(_catchUp.Sources(Others, 1_600), Is.EqualTo(new[] { 2, 3, 1 }));
        Assert.That(_catchUp.PassOver(2, 1_001 + CatchUp.PassedOverMs), Is.False, "its time was over");
    }

    [TestCase(5UL, 1, 9UL, true, null)]
    [TestCase(5UL, CatchUp.RangeBlocks, 99UL, true, null)]
    [TestCase(5UL, CatchUp.RangeBlocks + 1, 99UL, false, "withholds")]
    [TestCase(5UL, 0, 9UL, false, "withholds")]
    [TestCase(4UL, 3, 9UL, false, "withholds")]
    [TestCase(5UL, 0, 4UL, false, null)]
    [TestCase(5UL, 0, 9UL, false, null, 6UL)]
    [TestCase(5UL, 0, 9UL, false, "withholds", 5UL)]
    public void Answer_IsLookedAt_OrBlamed_OrHasNothing(
        ulong first, int count, ulong tip, bool hasBlocks, string? blamed, ulong wholeFrom = 0)
    {
        Assert.That(CatchUp.HasBlocks(Asked(1, first, count, tip, wholeFrom), out string? complaint), Is.EqualTo(hasBlocks));
        Assert.That(complaint, blamed is null ? Is.Null : Does.StartWith(blamed));
    }

    [Test]
    public void Answer_None_IsBlamed()
    {
        Assert.That(CatchUp.HasBlocks(new BlocksQuestion(1, 5), out string? complaint), Is.False);
        Assert.That(complaint, Does.StartWith("did not answer"));
    }

    [Test]
    public void Blocks_InOrderUnderTheirCertificates_AreBelieved()
    {
        IReadOnlyList<CertifiedBlock> believed = _catchUp.Believe(1, Chain(3), out string? complaint);
        Assert.That(complaint, Is.Null);
        Assert.That(believed.Select(b => b.Header.Height), Is.EqualTo(new[] { 1UL, 2UL, 3UL }));
    }

    [Test]
    public void Blocks_FromTheFirstLieOn_AreNotBelieved([Values(0, 1, 2)] int at)
    {
        FetchedBlock[] chain = Chain(3);
        byte[] header = chain[at].Header.ToArray();
        header[^1] ^= 1;
        foreach (FetchedBlock lie in new[]
        {
            chain[at] with { Header = header },
            chain[at] with { Header = header.AsMemory(1) },
            chain[at] with { Certificate = ReadOnlyMemory<byte>.Empty },
            chain[at] with { Certificate = chain[(at + 1) % 3].Certificate },
            chain[(at + 1) % 3],
        })
        {
            FetchedBlock[] spoilt = [.. chain];
            spoilt[at] = lie;
            IReadOnlyList<CertifiedBlock> believed = _catchUp.Believe(1, spoilt, out string? complaint);
            Assert.That(believed, Has.Count.EqualTo(at));
            Assert.That(complaint, Does.StartWith("sent "));
        }
    }

    [Test]
    public void Block_UnderTooFewSignatures_IsNotBelieved()
    {
        ProposedBlock block = _four.Block();
        var fetched = new FetchedBlock(
            block.Header.ToBytes(), _four.Certificate(VoteType.Commit, block, signers: 2).ToBytes(), []);
        Assert.That(_catchUp.Believe(1, [fetched], out string? complaint), Is.Empty);
        Assert.That(complaint, Does.Contain("WrongSignatureCount"));
    }

    private void Answer(int source, long tookUs, int blocks, ulong nowMs = 0)
    {
        BlocksQuestion asked = Asked(source, 5, blocks, tip: 4);
        asked.TookUs = tookUs;
        _catchUp.Take(asked, nowMs, out _);
    }

    private static BlockRange Blocks(ulong first, int count) =>
        new(first, [.. Enumerable.Repeat(new FetchedBlock(default, default, []), count)], ulong.MaxValue, 0);

    /// <summary>A question for blocks from 5 on, and what came.</summary>
    private static BlocksQuestion Asked(int source, ulong first, int count, ulong tip, ulong wholeFrom = 0) => new(source, 5)
    {
        Answer = new BlockRange(first, [.. Enumerable.Repeat(new FetchedBlock(default, default, []), count)], tip, wholeFrom),
    };

    private FetchedBlock[] Chain(int count)
    {
        var chain = new FetchedBlock[count];
        BlockHeader? parent = null;
        for (int i = 0; i < count; i++)
        {
            ProposedBlock block = _four.Block(parent: parent);
            chain[i] = new FetchedBlock(
                block.Header.ToBytes(), _four.Certificate(VoteType.Commit, block).ToBytes(), []);
            parent = block.Header;
        }
        return chain;
    }
}
