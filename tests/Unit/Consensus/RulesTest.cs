using CsCheck;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>The pure units of docs/PROTOCOL.md, each against its definition or a deliberately dumb twin.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RulesTest
{
    [Test]
    public void Quorum_N1To200_TwoShareAnHonestOneAndTheHonestSuffice()
    {
        for (int n = 1; n <= 200; n++)
        {
            int f = Quorum.Faulty(n);
            int q = Quorum.Size(n);
            Assert.That(3 * f, Is.LessThan(n), $"n={n}");
            Assert.That(3 * (f + 1), Is.GreaterThanOrEqualTo(n), $"n={n}: f is the most there can be");
            Assert.That(2 * q - n, Is.GreaterThanOrEqualTo(f + 1), $"n={n}: two quorums share f+1");
            Assert.That(q, Is.LessThanOrEqualTo(n - f), $"n={n}: the honest alone are a quorum");
            Assert.That(2 * (q - 1) - n, Is.LessThan(f + 1), $"n={n}: one less would not do");
            Assert.That(Quorum.Weak(n), Is.EqualTo(f + 1));
        }
    }

    [TestCase(4, 3)]
    [TestCase(5, 4)]
    [TestCase(6, 4)]
    [TestCase(7, 5)]
    [TestCase(8, 6)]
    [TestCase(9, 6)]
    [TestCase(10, 7)]
    [TestCase(50, 34)]
    public void Quorum_Size_IsAsSpecified(int n, int q) => Assert.That(Quorum.Size(n), Is.EqualTo(q));

    [Test]
    public void Timeout_Doubles_UpToTheCap()
    {
        var p = new ConsensusParameters(BaseTimeoutMs: 1_000, TimeoutCapMs: 30_000);
        Assert.That(new uint[] { 0, 1, 4, 5, 64, uint.MaxValue }.Select(v => TimeRules.TimeoutMs(p, v)),
            Is.EqualTo(new ulong[] { 1_000, 2_000, 16_000, 30_000, 30_000, 30_000 }));
    }

    [Test]
    public void Timely_IsBoundedOnBothSides_AndWidensWithTheView()
    {
        var p = new ConsensusParameters(TimePrecisionMs: 500, MessageDelayMs: 5_000);
        Assert.That(TimeRules.IsTimely(1_000, 1_000, 1_000, 0, p), Is.False, "not above the parent");
        Assert.That(TimeRules.IsTimely(10_500, 1, 10_000, 0, p), Is.True);
        Assert.That(TimeRules.IsTimely(10_501, 1, 10_000, 0, p), Is.False);
        Assert.That(TimeRules.IsTimely(10_000, 1, 15_500, 0, p), Is.True);
        Assert.That(TimeRules.IsTimely(10_000, 1, 15_501, 0, p), Is.False);
        Assert.That(TimeRules.IsTimely(10_000, 1, 15_501, 1, p), Is.True);
        Assert.That(TimeRules.IsTimely(1, 0, ulong.MaxValue, uint.MaxValue, p), Is.False);
    }

    [Test]
    public void Votes_AgainstATwin_CountDistinctValidatorsOfOneViewAndBlock()
    {
        var fixture = new Fixture(7);
        Digest[] hashes = [Sha256.Hash([1]), Sha256.Hash([2])];
        Gen.Select(Gen.Int[0, 6], Gen.UInt[0, 2], Gen.Int[0, 1], Gen.Bool).Array[0, 60].Sample(votes =>
        {
            var collection = new VoteCollection(7);
            var twin = new Dictionary<(int, uint, bool), int>();
            foreach ((int signer, uint view, int hash, bool commit) in votes)
            {
                VoteType type = commit ? VoteType.Commit : VoteType.Prepare;
                bool added = collection.Add(new VoteMessage(type, 0, 1, view, hashes[hash], (ushort)signer, default));
                Assert.That(added, Is.EqualTo(twin.TryAdd((signer, view, commit), hash)));
            }
            for (uint view = 0; view < 3; view++)
            {
                for (int hash = 0; hash < 2; hash++)
                {
                    int expected = twin.Count(t => t.Key.Item2 == view && !t.Key.Item3 && t.Value == hash);
                    Certificate? c = collection.TryCertificate(VoteType.Prepare, view, hashes[hash], fixture.Quorum);
                    Assert.That(c is not null, Is.EqualTo(expected >= fixture.Quorum));
                    Assert.That(c?.Signatures.Select(s => s.Validator) ?? [], Is.Ordered.And.Unique);
                }
            }
        }, iter: 300);
    }

    [Test]
    public void Votes_OfAFloodingValidator_StayBounded()
    {
        var collection = new VoteCollection(4);
        for (uint view = 0; view < 1_000; view++)
            collection.Add(new VoteMessage(VoteType.Commit, 0, 1, view, default, 2, default));
        Assert.That(collection.Commits().Select(v => v.View), Is.EquivalentTo(new uint[] { 996, 997, 998, 999 }));
        Assert.That(collection.Add(new VoteMessage(VoteType.Commit, 0, 1, 5, default, 2, default)), Is.False);
    }

    [Test]
    public void Synchroniser_AgainstATwin_KeepsTheHighestOfEach()
    {
        Gen.Select(Gen.Int[0, 6], Gen.UInt[1, 9], Gen.Bool).Array[0, 40].Sample(events =>
        {
            var synchroniser = new ViewSynchroniser(7);
            uint[] highest = new uint[7];
            foreach ((int signer, uint view, bool complete) in events)
            {
                highest[signer] = Math.Max(highest[signer], view);
                if (complete)
                    synchroniser.Add(ViewChange(signer, view));
                else
                    synchroniser.Learn(signer, view);
            }
            for (int count = 1; count <= 7; count++)
            {
                uint twin = highest.OrderDescending().ElementAt(count - 1);
                Assert.That(synchroniser.ViewReachedBy(count), Is.EqualTo(twin));
            }
        }, iter: 500);
    }

    [Test]
    public void Synchroniser_HugeViewOfOne_MovesNobodyAndHidesNothing()
    {
        var synchroniser = new ViewSynchroniser(4);
        synchroniser.Add(ViewChange(0, 1));
        synchroniser.Add(ViewChange(1, 1));
        synchroniser.Add(ViewChange(3, uint.MaxValue));
        Assert.That(synchroniser.ViewReachedBy(2), Is.EqualTo(1));
        Assert.That(synchroniser.For(1).Select(m => (int)m.Payload.Signer), Is.EqualTo(new[] { 0, 1 }));
    }

    [Test]
    public void Guard_SignsOneContentPerTypeAndView_AndNothingBelowAPromise()
    {
        var guard = new SignGuard();
        Digest a = Sha256.Hash([1]);
        Digest b = Sha256.Hash([2]);
        Vote On(VoteType type, uint view, Digest hash) => new(type, default, 0, 1, view, hash);
        Assert.That(guard.TryReserve(On(VoteType.Prepare, 0, a)), Is.True);
        Assert.That(guard.TryReserve(On(VoteType.Prepare, 0, a)), Is.True);
        Assert.That(guard.TryReserve(On(VoteType.Prepare, 0, b)), Is.False);
        Assert.That(guard.TryReserve(On(VoteType.ViewChange, 2, a)), Is.True);
        Assert.That(guard.TryReserve(On(VoteType.Commit, 1, a)), Is.False);
        Assert.That(guard.TryReserve(On(VoteType.Commit, 2, a)), Is.True);
    }

    private static ViewChangeMessage ViewChange(int signer, uint view) =>
        new(0, 1, view, new ViewChangePayload((ushort)signer, -1, default, default), null);
}
