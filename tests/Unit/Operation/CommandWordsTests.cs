using GovChain.Core.Model;
using GovChain.Node.Commands;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Operation;

/// <summary>What commands say is true: no version is in force that another has replaced, no claim stands as a fact.</summary>
public sealed class CommandWordsTests
{
    [Test]
    public void Record_VersionThatWasReplaced_IsSaidToHaveBeenInForceUntilThen()
    {
        RecordVersion first = Version(1, 1_000), second = Version(2, 86_400_000);

        Assert.That(RecordCommand.Headline(first, second), Is.EqualTo("t/R  version 1, in force until version 2 of 1970-01-02T00:00:00.000Z"));
        Assert.That(RecordCommand.Headline(second, null), Is.EqualTo("t/R  version 2, in force"));
        Assert.That(RecordCommand.ToJson(first, second)["replacedBy"]!["version"]!.GetValue<ulong>(), Is.EqualTo(2));
        Assert.That(RecordCommand.ToJson(second, null)["replacedBy"], Is.Null);
    }

    [TestCase(10UL, "10")]
    [TestCase(13UL, "13")]
    [TestCase(14UL, "14?")]
    [TestCase(ulong.MaxValue, "18446744073709551615?")]
    public void Status_HeightThatAPeerClaims_IsMarkedWhereItCannotBe(ulong claimed, string shown) =>
        Assert.That(StatusCommand.Claimed(claimed, highest: 10), Is.EqualTo(shown));

    [TestCase(true, true, "", 0UL, "observer")]
    [TestCase(false, false, "", 0UL, "never heard")]
    [TestCase(false, true, "", 0UL, "yes")]
    [TestCase(false, true, "amnesia", 12UL, "from 12")]
    [TestCase(false, true, "amnesia", 0UL, "NO")]
    public void Status_VoteOfAPeer_IsWhatItSaid_AndNothingWhereItSaidNothing(
        bool observer, bool heard, string because, ulong again, string shown) =>
        Assert.That(
            StatusCommand.SaysItVotes(new PeerStatus { Observer = observer, Heard = heard, AbstainingBecause = because, VotesAgainAt = again }, highest: 10),
            Is.EqualTo(shown));

    [Test]
    public void Status_LogEntries_AreTransactionsAndGenesis() =>
        Assert.That(StatusCommand.Entries(42), Is.EqualTo(" (genesis and 41 transactions)"));

    [Test]
    public void Proposal_OfKeysThatWereRevokedSince_SaysWhichAndWhen()
    {
        var proposal = new Proposal
        {
            Standing = "open",
            State = new ProposalState
            {
                Change = new MembershipChange { Kind = (uint)MembershipKind.Suspend, Department = "d" },
                Votes = { new ProposalVote { Department = "a", OfficerId = "x", InFavour = true }, new ProposalVote { Department = "b", OfficerId = "y", InFavour = true } },
            },
        };
        string honest = string.Join('\n', ProposalText.Lines(proposal, new GetStatusResponse()));
        Assert.That(honest, Does.Contain("  for: a (x), b (y)\n").And.Not.Contain("revoked"));
        proposal.KeyEnded = 7;
        proposal.VoteKeysEnded.AddRange([0, 9]);
        string warned = string.Join('\n', ProposalText.Lines(proposal, new GetStatusResponse()));
        Assert.That(warned, Does.Contain("  for: a (x), b (y, with a key that was revoked or replaced after block 9)\n")
            .And.Contain("  proposed with a key that was revoked or replaced after block 7"));
    }

    [Test]
    public void Removal_SaysWhatIsLeftBehind_AndNothingWhereNothingIs()
    {
        Assert.That(RemovalText.Explain("d", []), Is.Null);
        Assert.That(RemovalText.Explain("d", ["a"]), Does.StartWith("1 record type is d's own (a): nobody can change"));
        Assert.That(RemovalText.Explain("d", ["a", "b", "c", "e", "f"]), Does.StartWith("5 record types are d's own (a, b, c, e, f): "));
        Assert.That(RemovalText.Explain("d", ["a", "b", "c", "e", "f", "g"]), Does.StartWith("6 record types are d's own (a, b, c, e, f, ...): "));
    }

    private static RecordVersion Version(ulong version, ulong recordedAtMs) => new()
    {
        State = new RecordState { Record = new RecordName { Type = "t", Id = "R" }, Version = version, Status = 1, RecordedAtMs = recordedAtMs },
    };
}
