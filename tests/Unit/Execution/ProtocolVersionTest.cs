using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: docs/SPEC.md, "Protocol versions": a version holds from the block after the first whose time is no earlier than its moment, it
/// is the one after the version before, it decides which actions are valid, and a release that does not execute it touches no block of it.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ProtocolVersionTest
{
    private const int ReadLogRoot = 82;

    private TestLedger _ledger = Proposals.Ledger();

    private Digest Chain => _ledger.Genesis.ChainId;

    private ProtocolState Protocol => ProtocolVersions.Of(_ledger.State);

    [Test]
    public void EveryAction_IsValidFromItsVersionOn()
    {
        int[] numbers = [.. Enum.GetValues<TransactionBody.ActionOneofCase>().Where(static a => a > 0).Select(static a => (int)a), ReadLogRoot];
        for (uint version = ProtocolVersions.First; version <= ProtocolVersions.Newest; version++)
        {
            var state = new StateOverlay(Proposals.Ledger(version).State);
            foreach (int action in numbers.Distinct())
            {
                Rejection? rejection = ProtocolRules.CheckAction(state, action);
                bool valid = version >= (action == ReadLogRoot ? 2 : 1);
                Assert.That(rejection?.Code, Is.EqualTo(valid ? (RejectionCode?)null : RejectionCode.NotActive), $"action {action} of version {version}");
                Assert.That(rejection?.IsPermanent, Is.Not.True, "it may come");
            }
        }
    }

    [Test]
    public void AGenesisOfVersion1_HasNoValue_AndOneOfVersion2Has()
    {
        Assert.That(_ledger.Read<ProtocolState>(StateKey.Protocol), Is.Null);
        Assert.That(Protocol, Is.EqualTo(new ProtocolState { Version = 1 }));
        _ledger = Proposals.Ledger(version: 2);
        Assert.That(_ledger.Read<ProtocolState>(StateKey.Protocol), Is.EqualTo(new ProtocolState { Version = 2 }));
    }

    [Test]
    public void TheVersion_HoldsAfterTheFirstBlockThatIsNotEarlier_AndStaysScheduledUntilThen()
    {
        ulong fromMs = _ledger.NextTimeMs + 4_000;
        ulong position = Decide(Proposals.Schedule(2, fromMs: fromMs));
        Assert.That(Protocol, Is.EqualTo(new ProtocolState
        {
            Version = 1,
            Scheduled = new ScheduledVersion { Version = 2, FromMs = fromMs },
            Position = position,
        }));
        while (_ledger.NextTimeMs < fromMs)
        {
            Assert.That(Protocol.Version, Is.EqualTo(1));
            Define();
        }
        Assert.That(_ledger.NextTimeMs, Is.EqualTo(fromMs), "not a millisecond late");
        var before = new StateOverlay(_ledger.State);
        Assert.That(ProtocolRules.CheckAction(before, ReadLogRoot)!.Code, Is.EqualTo(RejectionCode.NotActive), "in the block that ends the old version");
        ulong last = Define();
        Assert.That(Protocol, Is.EqualTo(new ProtocolState { Version = 2, FirstHeight = last + 1 }));
        Define();
        Assert.That(Protocol, Is.EqualTo(new ProtocolState { Version = 2, FirstHeight = last + 1 }), "nothing is written any more");
    }

    [Test]
    public void OnlyTheNextNumber_IsScheduled_WhenProposedAndWhenDecided([Values(0U, 1U, 2U, 3U, 4U, uint.MaxValue)] uint version, [Values(1U, 2U)] uint ledger)
    {
        _ledger = Proposals.Ledger(ledger);
        TransactionBody body = Proposals.Propose(Chain, Proposals.Schedule(version));
        if (version < 2)
        {
            byte[] envelope = Envelope.Unsigned(Envelope.Body(Chain, TestLedger.AlphaAdmin.Public, body, _ledger.NextTimeMs + 1));
            Assert.That(TransactionDecoder.TryDecode(envelope, Chain, out Rejection? malformed), Is.Null);
            Assert.That((malformed!.Code, malformed.Facts[0].Value), Is.EqualTo((RejectionCode.InvalidField, "propose.change.protocol.version")));
            return;
        }
        Rejection? rejection = _ledger.Try(TestLedger.AlphaAdmin, body);
        Assert.That(rejection?.Code, Is.EqualTo(version == ledger + 1 ? (RejectionCode?)null : RejectionCode.NotNextVersion));
        if (rejection is not null)
            return;
        // Scheduled by two, held by the time the second is decided.
        ulong fromMs = _ledger.NextTimeMs + 5_000;
        VerifiedTransaction late = _ledger.Make(TestLedger.BetaAdmin, Proposals.Propose(Chain, Proposals.Schedule(version)));
        _ledger.Commit([late]);
        Decide(Proposals.Schedule(version, fromMs: fromMs));
        while (Protocol.Version == ledger)
            Define();
        foreach (TestKey voter in new[] { TestLedger.AlphaAdmin, TestLedger.BetaAdmin })
            CommitBeyond(voter, Proposals.Vote("beta", late.Transaction.Id, true));
        BuiltBlock built = BuildBeyond(_ledger.Make(Proposals.GammaAdmin, Proposals.Vote("beta", late.Transaction.Id, true)));
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.NotNextVersion));
    }

    [Test]
    public void TheMoment_IsNotBeforeTheEndOfTheVote_AndAYearAfterItAtMost()
    {
        MembershipChange change = Proposals.Schedule(2);
        ulong ends = change.ExpiresAtMs;
        foreach ((ulong fromMs, bool valid) in new[]
        {
            (ends - 1, false), (ends, true), (ends + Limits.ScheduleAheadMs, true), (ends + Limits.ScheduleAheadMs + 1, false), (ulong.MaxValue, false), (0UL, false),
        })
        {
            change.Protocol.FromMs = fromMs;
            Assert.That(MembershipFields.CheckProposal(new Propose { Change = change })?.Field, Is.EqualTo(valid ? null : "propose.change.protocol.from_ms"), $"{fromMs}");
        }
    }

    [Test]
    public void WhatIsScheduled_IsMovedAndCalledOff_UpToTheBlockThatWouldEndTheOldVersion()
    {
        Assert.That(_ledger.Try(TestLedger.AlphaAdmin, Proposals.Propose(Chain, Proposals.CallOff()))!.Code, Is.EqualTo(RejectionCode.NotScheduled));
        ulong fromMs = _ledger.NextTimeMs + 30_000;
        Decide(Proposals.Schedule(2, fromMs: fromMs));
        ulong moved = Decide(Proposals.Schedule(2, fromMs: fromMs + 1));
        Assert.That((Protocol.Scheduled.FromMs, Protocol.Position), Is.EqualTo((fromMs + 1, moved)), "the last decision counts");
        VerifiedTransaction end = _ledger.Make(TestLedger.BetaAdmin, Proposals.Propose(Chain, Proposals.CallOff()));
        _ledger.Commit([end]);
        foreach (TestKey voter in new[] { TestLedger.AlphaAdmin, TestLedger.BetaAdmin })
            _ledger.Commit((voter, Proposals.Vote("beta", end.Transaction.Id, true)));
        while (_ledger.NextTimeMs < fromMs + 1)
            Define();
        VerifiedTransaction last = _ledger.Make(Proposals.GammaAdmin, Proposals.Vote("beta", end.Transaction.Id, true));
        _ledger.Commit([last]);
        Assert.That(Protocol, Is.EqualTo(new ProtocolState { Version = 1 }));
        Define();
        Assert.That(Protocol.Version, Is.EqualTo(1));
    }

    [Test]
    public void WhoDoesNotExecuteTheVersion_NeitherBuildsNorChecksABlockOfIt()
    {
        Decide(Proposals.Schedule(2, fromMs: _ledger.NextTimeMs + 4_000));
        while (Protocol.Version == 1)
            Define();
        ExecutedBlock last = _ledger.Blocks[^1];
        VerifiedTransaction next = _ledger.Make(TestLedger.AlphaAdmin, Actions.Define("next"));
        ExecutedBlock first = _ledger.Build(next).Block!;
        ValidatorSet set = _ledger.Genesis.Validators;
        foreach (Action act in new Action[]
        {
            () => BlockExecutor.Build(_ledger.State, set, _ledger.NextTimeMs, 0, [next], newest: 1),
            () => BlockExecutor.Check(_ledger.State, set, first.Header, first.Transactions, out _, newest: 1),
            () => BlockExecutor.FindInvalid(_ledger.State, first.Header, first.Transactions, newest: 1),
        })
        {
            UnexecutableVersionException refused = Assert.Throws<UnexecutableVersionException>(act)!;
            Assert.That((refused.Height, refused.Version), Is.EqualTo((last.Header.Height + 1, 2U)));
            Assert.That(refused.Message, Is.EqualTo(
                $"From block {last.Header.Height + 1} on this ledger is of protocol version 2, and this release executes versions up to 1. All blocks before it "
                + "are whole and stay. Install a release that executes version 2; it goes on from here."));
        }
        // Up to there it follows, through the block that schedules the version and the one that ends the old one.
        var behind = new InMemoryLedger(_ledger.Genesis);
        foreach (ExecutedBlock block in _ledger.Blocks)
            behind.Apply(BlockExecutor.Check(behind, set, block.Header, block.Transactions, out _, newest: 1)!);
        Assert.That(behind.Tip, Is.EqualTo(last.Header));
    }

    [Test]
    public void AProposalThatAsksForMoreThanItsKind_IsMalformed()
    {
        foreach ((MembershipChange change, string field) in new[]
        {
            (With(Proposals.Schedule(2), static c => c.Protocol = null), "protocol"), (With(Proposals.Schedule(2), static c => c.Department = "beta"), "department"),
            (With(Proposals.CallOff(), static c => c.Protocol = new ScheduledVersion { Version = 2, FromMs = c.ExpiresAtMs }), "protocol"),
            (With(Proposals.CallOff(), static c => c.Department = "beta"), "department"),
            (With(Proposals.Suspend("beta"), static c => c.Protocol = new ScheduledVersion { Version = 2, FromMs = c.ExpiresAtMs }), "protocol"),
            (With(Proposals.Schedule(2), static c => c.Kind = 10), "kind"),
        })
            Assert.That(MembershipFields.CheckProposal(new Propose { Change = change })?.Field, Is.EqualTo($"propose.change.{field}"));
        Assert.That(MembershipFields.CheckChange(Proposals.Schedule(2))?.Field, Is.EqualTo("change.kind"), "signatures in a file could serve again");
    }

    private static MembershipChange With(MembershipChange change, Action<MembershipChange> alter)
    {
        alter(change);
        return change;
    }

    /// <summary>Proposed by alpha and voted for by three: the position of the deciding vote.</summary>
    private ulong Decide(MembershipChange change)
    {
        VerifiedTransaction proposal = _ledger.Make(TestLedger.AlphaAdmin, Proposals.Propose(Chain, change));
        _ledger.Commit([proposal]);
        Digest id = proposal.Transaction.Id;
        ExecutedBlock block = _ledger.Commit(
            (TestLedger.AlphaAdmin, Proposals.Vote("alpha", id, true)), (TestLedger.BetaAdmin, Proposals.Vote("alpha", id, true)),
            (Proposals.GammaAdmin, Proposals.Vote("alpha", id, true)));
        return block.Header.LogSizeAfter - 1;
    }

    private ulong Define() =>
        _ledger.Commit((TestLedger.BetaAdmin, Actions.Define("clock", _ledger.Read<RecordTypeState>(StateKey.RecordType("clock"))?.Version ?? 0))).Header.Height;

    /// <summary>A block on a ledger that may be of a version that nobody executes yet.</summary>
    private BuiltBlock BuildBeyond(VerifiedTransaction transaction) => BlockExecutor.Build(
        _ledger.State, _ledger.Genesis.Validators, _ledger.NextTimeMs, 0, [transaction], uint.MaxValue);

    private void CommitBeyond(TestKey signer, TransactionBody action) => _ledger.State.Apply(BuildBeyond(_ledger.Make(signer, action)).Block!);
}
