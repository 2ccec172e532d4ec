using GovChain.Consensus;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Catch-up": whom to follow that seems to be ahead in a later epoch, and what its word is worth.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FollowingTest
{
    private const ulong Tip = 10, NowMs = 1_000;

    private static readonly int[] Others = [1, 2, 3];

    private readonly CatchUp _catchUp;
    private readonly Following _following;

    public FollowingTest()
    {
        var four = new Fixture(4);
        _catchUp = new CatchUp(Fixture.ChainId, four.Keys.Set, four.Keys);
        _following = new Following(_catchUp, validators: 4);
    }

    [Test]
    public void Next_NobodySaidAnything_IsNobody() => Assert.That(Next(), Is.Null);

    [Test]
    public void Next_WhoSaidSo_IsAskedOnceForWhatFollows()
    {
        _following.Say(2, 30);
        Assert.That((Next()?.Source, Next()), Is.EqualTo(((int?)2, (BlocksQuestion?)null)));
        _following.AskUnheard(3);
        BlocksQuestion asked = Next()!;
        Assert.That((asked.Source, asked.FirstHeight), Is.EqualTo((3, Tip + 1)));
    }

    [Test]
    public void Next_WhileSomethingProvenIsMissing_IsNobody_AndNothingIsForgotten()
    {
        _following.Say(2, 30);
        _catchUp.Need(Tip + 1, 1);
        Assert.That(Next(), Is.Null);
        Assert.That(_following.Next(Others, Tip + 1, NowMs)?.FirstHeight, Is.EqualTo(Tip + 2));
    }

    [Test]
    public void Next_OfSeveral_IsTheFastest_OneNotTriedYetFirst()
    {
        SayAll();
        Assert.That(Answer(Next()!, tookUs: 9_000, Given(3)), Is.Null);
        Assert.That(Answer(Next()!, tookUs: 2_000, Given(1)), Is.Null);
        SayAll();
        Assert.That(new[] { Next()!.Source, Next()!.Source, Next()!.Source }, Is.EqualTo(new[] { 3, 2, 1 }), "3,000 us a block is more than 2,000");
    }

    [Test]
    public void Liar_IsFollowedOnceInTenSeconds_WhateverItSays(
        [Values("silence", "nothing", "withheld", "other heights", "too many")] string how)
    {
        BlockRange? answer = how switch
        {
            "silence" => null,
            "nothing" => new BlockRange(Tip + 1, [], 0, 0),
            "withheld" => new BlockRange(Tip + 1, [], 30, 0),
            "other heights" => Given(2) with { FirstHeight = Tip + 2 },
            _ => Given(CatchUp.RangeBlocks + 1),
        };
        _following.Say(1, 30);
        Assert.That(Answer(Next()!, tookUs: 1, answer), Is.Not.Null);
        for (ulong ms = NowMs; ms < NowMs + CatchUp.PassedOverMs; ms += 500)
        {
            _following.Say(1, ulong.MaxValue);
            Assert.That(_following.Next(Others, Tip, ms), Is.Null);
        }
        Assert.That(_following.Next(Others, Tip, NowMs + CatchUp.PassedOverMs), Is.Null, "who is ahead says so again");
        _following.Say(1, 30);
        Assert.That(_following.Next(Others, Tip, NowMs + CatchUp.PassedOverMs)?.Source, Is.EqualTo(1));
    }

    [Test]
    public void NothingJustInTime_IsAskedForOnceInTenSeconds_AndNoComplaint([Values] bool fillsIn)
    {
        int asked = 0;
        for (ulong ms = NowMs; ms < NowMs + 60_000;)
        {
            if (fillsIn)
                _following.Say(1, 1_000_000);
            else
                _following.AskUnheard(1);
            if (_following.Next([1], Tip, ms) is not { } question)
            {
                ms += 100;
                continue;
            }
            asked++;
            ms += 9_900;
            question.TookUs = 9_900_000;
            question.Answer = fillsIn ? new BlockRange(Tip + 1, [], 1_000_000, 900_000) : new BlockRange(Tip + 1, [], 0, 0);
            Assert.That(_following.Take(question, ms, out string? complaint), Is.False);
            Assert.That(complaint, Is.Null);
            _following.Stored(question, Tip, lied: false);
        }
        Assert.That(asked, Is.LessThanOrEqualTo(4), "every 19.9 s at most");
    }

    [Test]
    public void OneThatHasNotTheBlocks_AndNeverSaidSo_IsNotBlamed()
    {
        _following.AskUnheard(1);
        Assert.That(Answer(Next()!, tookUs: 1, new BlockRange(Tip + 1, [], Tip, 0)), Is.Null);
        _following.Say(2, 30);
        Assert.That(Answer(Next()!, tookUs: 1, new BlockRange(Tip + 1, [], 30, Tip + 5)), Is.Null, "it lacks what a snapshot spared it");
    }

    [Test]
    public void WhoGaveBlocks_IsFollowedOn_AndMakesNobodySeemBehind_UntilItGivesNothing()
    {
        _following.Say(1, 1_000);
        BlocksQuestion first = Next()!;
        Answer(first, tookUs: 1, Given(3));
        _following.Stored(first, Tip + 3, lied: false);
        Assert.That(_following.Height, Is.EqualTo(Tip + 3 + CatchUp.LagMax));
        BlocksQuestion second = _following.Next(Others, Tip + 3, NowMs)!;
        Assert.That((second.Source, second.FirstHeight), Is.EqualTo((1, Tip + 4)));
        Answer(second, tookUs: 1, null);
        _following.Stored(second, Tip + 3, lied: true);
        Assert.That(_following.Height, Is.Zero);
        Assert.That(_following.Next(Others, Tip + 3, NowMs), Is.Null);
    }

    [Test]
    public void WhatAnotherGivesNot_TakesNothingFromTheOneThatGave()
    {
        _following.Say(1, 12);
        BlocksQuestion good = Next()!;
        Answer(good, tookUs: 1, Given(1));
        _following.Stored(good, Tip + 1, lied: false);
        _following.Say(2, 90);
        BlocksQuestion bad = _following.Next([2], Tip + 1, NowMs)!;
        Answer(bad, tookUs: 1, null);
        _following.Stored(bad, Tip + 1, lied: true);
        Assert.That(_following.Height, Is.EqualTo(Tip + 1 + CatchUp.LagMax));
    }

    [Test]
    public void WordOfOneThatHungUp_CountsNoMore([Values] bool whileItIsAsked)
    {
        _following.Say(1, 1_000);
        BlocksQuestion asked = Next()!;
        Answer(asked, tookUs: 1, Given(1));
        _following.Stored(asked, Tip + 1, lied: false);
        if (whileItIsAsked)
            _following.Ended(_following.Next(Others, Tip + 1, NowMs)!, NowMs);
        else
            Assert.That(_following.Next([2, 3], Tip + 1, NowMs), Is.Null);
        Assert.That(_following.Height, Is.Zero);
    }

    [Test]
    public void StreamOfAnotherThatEnds_TakesNothingFromTheOneThatGave()
    {
        _following.Say(1, 12);
        BlocksQuestion good = Next()!;
        Answer(good, tookUs: 1, Given(1));
        _following.Stored(good, Tip + 1, lied: false);
        _following.Say(2, 90);
        _following.Ended(_following.Next([2], Tip + 1, NowMs)!, NowMs);
        Assert.That(_following.Height, Is.EqualTo(Tip + 1 + CatchUp.LagMax));
    }

    [Test]
    public void HowFar_IsBelievedOfOneOfTwoDepartments_AndOfNobodyWithoutAVote()
    {
        Array.ForEach([4, 5], s => _following.Say(s, 5_000));
        _following.Say(1, 1_000);
        Assert.That(HeightAfterAnswer(Tip), Is.EqualTo(Tip + 1 + CatchUp.LagMax), "f + 1 are two, and one department has spoken");
        _following.Say(2, 500);
        Assert.That(HeightAfterAnswer(Tip + 1), Is.EqualTo(500));
        _following.Say(3, 2_000);
        Assert.That(HeightAfterAnswer(Tip + 2), Is.EqualTo(1_000), "of three who have spoken one may lie");
        _following.Ended(_following.Next([1], Tip + 3, NowMs)!, NowMs);
        Assert.That(_following.Height, Is.EqualTo(1_000), "what f + 1 say does not hang on who is followed");
    }

    /// <summary>The first department is followed, and gives a block.</summary>
    private ulong HeightAfterAnswer(ulong tip)
    {
        BlocksQuestion asked = _following.Next([1], tip, NowMs)!;
        Answer(asked, tookUs: 1, new BlockRange(tip + 1, [new FetchedBlock(default, default, [])], TipHeight: 99, WholeFrom: 0));
        _following.Stored(asked, tip + 1, lied: false);
        return _following.Height;
    }

    private void SayAll() => Array.ForEach(Others, s => _following.Say(s, 30));

    private BlocksQuestion? Next() => _following.Next(Others, Tip, NowMs);

    private string? Answer(BlocksQuestion asked, long tookUs, BlockRange? answer)
    {
        (asked.TookUs, asked.Answer) = (tookUs, answer);
        _following.Take(asked, NowMs, out string? complaint);
        return complaint;
    }

    private static BlockRange Given(int blocks) =>
        new(Tip + 1, [.. Enumerable.Repeat(new FetchedBlock(default, default, []), blocks)], 99, 0);
}
