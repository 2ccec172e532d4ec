using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Membership;

/// <summary>Whether a change would stop the ledger is said before it does.</summary>
public sealed class QuorumOutlookTest
{
    [Test]
    public void Admit_ADepartmentThatNoNodeHasSeen_CountsAsOneAway()
    {
        // Four vote, one of them is away: three are a quorum of four, and not of five.
        QuorumOutlook outlook = QuorumOutlook.After(Status("a", "b", "c"), Change(MembershipKind.Admit, "e"));
        Assert.That((outlook.Voters.Count, outlook.Quorum, outlook.IsEnough), Is.EqualTo((5, 4, false)));
        Assert.That((outlook.Reached, outlook.Away), Is.EqualTo((new[] { "a", "b", "c" }, new[] { "d", "e" })));
        Assert.That(outlook.Explain(), Does.Contain("5 departments vote and 4 make a quorum").And.Contain("reaches 3 of them now, and not d, e."));
        Assert.That(QuorumOutlook.After(Status("a", "b", "c", "e"), Change(MembershipKind.Admit, "e")).IsEnough, Is.True, "it observes already");
    }

    [Test]
    public void Remove_TheOneThatIsAway_NeedsItNoMore()
    {
        QuorumOutlook outlook = QuorumOutlook.After(Status("a", "b", "c"), Change(MembershipKind.Remove, "d"));
        Assert.That((outlook.Voters.Count, outlook.Quorum, outlook.IsEnough, outlook.Away.Count), Is.EqualTo((3, 2, true, 0)));
        Assert.That(QuorumOutlook.After(Status("a", "d"), Change(MembershipKind.Remove, "d")).IsEnough, Is.False);
    }

    [Test]
    public void ReplaceKey_ItsDepartmentIsAwayUntilItIsStartedWithTheNewOne()
    {
        QuorumOutlook all = QuorumOutlook.After(Status("a", "b", "c", "d"), Change(MembershipKind.ReplaceKey, "b"));
        Assert.That((all.IsEnough, all.Away), Is.EqualTo((true, new[] { "b" })));
        Assert.That(QuorumOutlook.After(Status("a", "b", "c"), Change(MembershipKind.ReplaceKey, "b")).IsEnough, Is.False);
        Assert.That(QuorumOutlook.After(Status("a", "b", "c"), Change(MembershipKind.ReplaceKey, "a")).Reached, Is.EqualTo(new[] { "b", "c" }));
    }

    [Test]
    public void Reached_AreOnlyThoseThatVote()
    {
        GetStatusResponse status = Status("a", "b", "c", "d");
        status.Peers.Single(p => p.Department == "b").AbstainingBecause = "it has forgotten its votes";
        status.Voting = false;
        QuorumOutlook outlook = QuorumOutlook.After(status, Change(MembershipKind.Admit, "e"));
        Assert.That(outlook.Reached, Is.EqualTo(new[] { "c", "d" }), "this node and b abstain");
        QuorumOutlook removal = QuorumOutlook.After(Status("a", "b", "c", "observer"), Change(MembershipKind.Remove, "d"));
        Assert.That(removal.Reached, Has.None.EqualTo("observer"));
    }

    /// <summary>What each says it executes, the node that is asked first; its own is not another's to make up for.</summary>
    [TestCase("2222", "abcd", true)]
    [TestCase("2223", "abcd", true)]
    [TestCase("2220", "abc", true)]
    [TestCase("2211", "ab", false)]
    [TestCase("1222", "bcd", false)]
    [TestCase("1111", "", false)]
    public void ScheduleVersion_OnlyThoseCountThatSayTheyExecuteIt_AndTheNodeThatIsAskedIsOne(string newest, string reached, bool enough)
    {
        GetStatusResponse status = Status("a", "b", "c", "d");
        status.NewestVersion = (uint)(newest[0] - '0');
        foreach (PeerStatus peer in status.Peers)
            peer.NewestVersion = (uint)(newest[peer.Department[0] - 'a'] - '0');
        var change = new MembershipChange { Kind = (uint)MembershipKind.ScheduleVersion, Protocol = new ScheduledVersion { Version = 2 } };
        QuorumOutlook outlook = QuorumOutlook.After(status, change);
        Assert.That((string.Concat(outlook.Reached), outlook.IsEnough), Is.EqualTo((reached, enough)));
        Assert.That(outlook.Explain(), Does.Contain($"the node of a reaches {reached.Length} of them now that say they execute protocol version 2"));
        status.Peers[0].Connected = false;
        Assert.That(QuorumOutlook.After(status, change).Reached, Has.None.EqualTo("b"), "not heard any more");
    }

    /// <summary>The status of the first, of four that vote, with the others connected.</summary>
    private static GetStatusResponse Status(params string[] up)
    {
        var status = new GetStatusResponse { Department = up[0], Voting = true, Validators = { "a", "b", "c", "d" }, Departments = 4, Quorum = 3 };
        status.Peers.AddRange(up.Skip(1).Select(static d => new PeerStatus { Department = d, Connected = true }));
        status.Peers.AddRange(status.Validators.Except(up).Select(static d => new PeerStatus { Department = d }));
        return status;
    }

    private static MembershipChange Change(MembershipKind kind, string department) => new() { Kind = (uint)kind, Department = department };
}
