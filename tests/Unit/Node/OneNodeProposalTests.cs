using Google.Protobuf;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>What a node says of a proposal on its way, and what it does when the departments have decided on parameters.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OneNodeProposalTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("govchain-node-").FullName;
    private readonly TestLedger _ledger = new(departments: 1);
    private TestNode _node = null!;

    [SetUp]
    public async Task Start()
    {
        _node = new TestNode(_ledger, 0, Path.Combine(_root, "data"), new LoopbackNetwork());
        await _node.StartAsync();
    }

    [TearDown]
    public async Task Stop()
    {
        await _node.DisposeAsync();
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Test]
    public async Task Proposal_IsListedWithItsVotes_AndWhenAdoptedTheNodeBeginsAnew()
    {
        await _node.FoundAsync();
        Assert.That(List().Proposals, Is.Empty);
        byte[] first = Propose(lastsMs: 100_000);
        await _node.CommitAsync(first);
        Proposal open = List().Proposals.Single();
        Assert.That((open.Standing, open.State.Department, open.State.Votes.Count), Is.EqualTo(("open", "dept-0", 0)));
        await _node.CommitAsync(_ledger.Sign(_ledger.Administrator, b => b.WithdrawProposal = new WithdrawProposal { Proposal = IdOf(first) }));
        Assert.That(List().Proposals.Single().Standing, Is.EqualTo("withdrawn"));
        byte[] second = Propose(lastsMs: 100_000);
        await _node.CommitAsync(second);
        Assert.That(_node.Runtime.TermsChanged.IsCompleted, Is.False);
        await _node.CommitAsync(_ledger.Sign(_ledger.Administrator, b => b.VoteOnProposal = new VoteOnProposal
        {
            Department = "dept-0",
            Proposal = IdOf(second),
            InFavour = true,
        }));
        await _node.Runtime.TermsChanged;
        Proposal adopted = List().Proposals.Single();
        Assert.That((adopted.Standing, adopted.State.Votes.Single().InFavour), Is.EqualTo(("adopted", true)));
        Assert.That(_node.Runtime.EpochEnded.IsCompleted, Is.False);
        await _node.StopAsync();
        await _node.StartAsync();
        await _node.CommitAsync(_ledger.Change("L-1", 0));
        Assert.That(List().Proposals.Single(), Is.EqualTo(adopted));
    }

    private ListProposalsResponse List() => _node.Gateway.ListProposals(new ListProposalsRequest { PageSize = 1 });

    private static ByteString IdOf(byte[] envelope) => ByteString.CopyFrom(TestLedger.IdOf(envelope).Span);

    private byte[] Propose(ulong lastsMs) => _ledger.Sign(_ledger.Administrator, b => b.Propose = new Propose
    {
        Change = new MembershipChange
        {
            Kind = (uint)MembershipKind.SetParameters,
            ExpiresAtMs = b.ExpiresAtMs + lastsMs,
            Parameters = new Parameters { BlockTransactionsMax = 3 },
        },
    });
}
