using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Verification;
using GovChain.Node;
using GovChain.Node.Consensus;
using GovChain.Protos.V1;
using GovChain.Rpc;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>The whole way of a record through one node: admission, pool, block, disk, and back to the clerk.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OneNodeTests
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
    public async Task Register_SubmittedTwiceAndAfterARestart_StandsOnceAndReadsBack()
    {
        await _node.FoundAsync();
        byte[] envelope = _ledger.Change("L-1", 0, """{"name":"Zhang Hardware"}""");

        TransactionOutcome first = await _node.CommitAsync(envelope);
        TransactionOutcome again = await _node.CommitAsync(envelope);
        Assert.That(again, Is.EqualTo(first));

        await _node.StopAsync();
        await _node.StartAsync();

        Assert.That(await _node.CommitAsync(envelope), Is.EqualTo(first));
        GetRecordResponse record = _node.Gateway.GetRecord(
            new GetRecordRequest { Type = TestLedger.Type, Id = "L-1", Proof = true });
        Assert.That(record.Record.Payload.ToStringUtf8(), Is.EqualTo("""{"name":"Zhang Hardware"}"""));
        Assert.That(record.Record.State.Position, Is.EqualTo(first.Position));
        Assert.That(record.Record.TransactionId, Is.EqualTo(TestLedger.IdOf(envelope).ToString()));
        Assert.That(_node.Gateway.GetStatus().Voting, Is.True);
        // The restarted node goes on, too.
        await _node.CommitAsync(_ledger.Change("L-1", 1));
    }

    [Test]
    public async Task Pipeline_TwentyVersionsOfOneRecordAtOnce_AllCommitInOrder()
    {
        await _node.FoundAsync();
        Task<TransactionOutcome>[] outcomes =
            [.. Enumerable.Range(0, 20).Select(v => _node.CommitAsync(_ledger.Change("L-1", (ulong)v)))];
        await Task.WhenAll(outcomes);

        Assert.That(outcomes.Select(o => o.Result.Position), Is.Ordered.Ascending);
        GetRecordHistoryResponse history = _node.Gateway.GetRecordHistory(
            new GetRecordHistoryRequest { Type = TestLedger.Type, Id = "L-1", PageSize = 15 });
        Assert.That(history.Versions.Select(v => v.State.Version), Is.EqualTo(Enumerable.Range(1, 15).Select(v => (ulong)v)));
        GetRecordHistoryResponse rest = _node.Gateway.GetRecordHistory(new GetRecordHistoryRequest
        {
            Type = TestLedger.Type,
            Id = "L-1",
            PageSize = 15,
            PageToken = history.NextPageToken,
        });
        Assert.That(rest.Versions, Has.Count.EqualTo(5));
        Assert.That(rest.NextPageToken, Is.Empty);
        GetRecordResponse current = _node.Gateway.GetRecord(
            new GetRecordRequest { Type = TestLedger.Type, Id = "L-1" });
        Assert.That(current.Record, Is.EqualTo(rest.Versions[^1]), "the rebuilt version is what the state holds");
    }

    [Test]
    public async Task Life_AnnulledReinstatedAndSuperseded_HistoryGivesWhatTheStateHeldThen()
    {
        await _node.FoundAsync();
        await _node.CommitAsync(_ledger.Change("heir", 0));
        RecordChange Change(ulong expected) => new()
        {
            Record = new RecordName { Type = TestLedger.Type, Id = "L-1" },
            ExpectedVersion = expected,
            Reason = "test",
        };
        RecordChange Linked(ulong expected, string content)
        {
            RecordChange change = Change(expected);
            change.Payload = new Payload { Inline = new InlinePayload { MediaType = "text/plain", Content = ByteString.CopyFromUtf8(content) } };
            change.Links.Add(new RecordLink { Record = new RecordName { Type = TestLedger.Type, Id = "heir" }, Version = 1 });
            return change;
        }
        byte[] Supersede(ulong expected)
        {
            RecordChange change = Change(expected);
            change.Successors.Add(new RecordName { Type = TestLedger.Type, Id = "heir" });
            return _ledger.Sign(_ledger.Clerk, b => b.Supersede = change);
        }
        (byte[] Envelope, string Action, string Content)[] life =
        [
            (_ledger.Change("L-1", 0, "\"first\""), "register", "\"first\""),
            (_ledger.Sign(_ledger.Clerk, b => b.Amend = Linked(1, "\"second\"")), "amend", "\"second\""),
            (_ledger.Sign(_ledger.Clerk, b => b.Annul = Change(2)), "annul", ""),
            (_ledger.Sign(_ledger.Clerk, b => b.Reinstate = Change(3)), "reinstate", "\"second\""),
            (_ledger.Sign(_ledger.Clerk, b => b.Annul = Change(4)), "annul", ""),
            (_ledger.Sign(_ledger.Clerk, b => b.Reinstate = Change(5)), "reinstate", "\"second\""),
            (_ledger.Change("L-1", 6, "\"third\""), "amend", "\"third\""),
            (_ledger.Sign(_ledger.Clerk, b => b.Annul = Change(7)), "annul", ""),
            (_ledger.Sign(_ledger.Clerk, b => b.Reinstate = Change(8)), "reinstate", "\"third\""),
            (Supersede(9), "supersede", ""),
        ];
        var held = new List<RecordVersion>();
        var listed = new List<string>();
        foreach ((byte[] envelope, _, _) in life)
        {
            await _node.CommitAsync(envelope);
            held.Add(_node.Gateway.GetRecord(new GetRecordRequest { Type = TestLedger.Type, Id = "L-1" }).Record);
            listed.Add(_node.Gateway.ListRecords(new ListRecordsRequest { Type = TestLedger.Type, PageSize = 10, Payloads = true })
                .Records.Single(r => r.State.Record.Id == "L-1").Payload.ToStringUtf8());
        }
        Assert.That(held.Select(v => v.Action), Is.EqualTo(life.Select(l => l.Action)));
        Assert.That(held.Select(v => v.Payload.ToStringUtf8()), Is.EqualTo(life.Select(l => l.Content)));
        Assert.That(listed, Is.EqualTo(life.Select(l => l.Content)));
        Assert.That(held[^1].State.Successors.Single().Id, Is.EqualTo("heir"));
        Assert.That(held.Select(v => v.State.Links.Count), Is.EqualTo(new[] { 0, 1, 1, 1, 1, 1, 0, 0, 0, 0 }));
        IEnumerable<RecordVersion> history = _node.Gateway.GetRecordHistory(
            new GetRecordHistoryRequest { Type = TestLedger.Type, Id = "L-1", PageSize = 100 }).Versions;
        Assert.That(history, Is.EqualTo(held), "one after another, each from the one before");
        for (ulong version = 1; version <= (ulong)held.Count; version++)
        {
            Assert.That(
                _node.Gateway.GetRecord(new GetRecordRequest { Type = TestLedger.Type, Id = "L-1", Version = version }).Record,
                Is.EqualTo(held[(int)version - 1]), "alone, from as far back as need be");
        }
    }

    [Test]
    public async Task FourEyes_SubmittedListedAndApproved_HistoryGivesWhatTheStateHeldThen()
    {
        await _node.FoundAsync();
        using var approver = PlatformSigner.Create();
        await _node.CommitAsync(_ledger.Sign(_ledger.Administrator, b => b.EnrolOfficer = new EnrolOfficer
        {
            OfficerId = "approver-1",
            PublicKey = ByteString.CopyFrom(approver.PublicKey.Span),
            Roles = { (uint)Core.Model.OfficerRole.Approver },
        }));
        using var deputy = PlatformSigner.Create();
        await _node.CommitAsync(_ledger.Sign(_ledger.Administrator, b => b.EnrolOfficer = new EnrolOfficer
        {
            OfficerId = "deputy-1",
            PublicKey = ByteString.CopyFrom(deputy.PublicKey.Span),
            Roles = { (uint)Core.Model.OfficerRole.Clerk },
        }));
        await _node.CommitAsync(_ledger.Sign(approver, b => b.DelegateApproval = new DelegateApproval
        {
            OfficerId = "deputy-1",
            UntilMs = b.ExpiresAtMs,
        }));
        Assert.That(_node.Gateway.ListDelegations("dept-0").Delegations.Select(d => (d.Delegator, d.OfficerId)), Is.EqualTo(new[] { ("approver-1", "deputy-1") }));
        Assert.That(_node.Gateway.ListDelegations("dept").Delegations, Is.Empty);
        var held = new List<RecordVersion>();
        (string Action, string Content)[] life = [("register", "\"first\""), ("amend", "\"second\""), ("annul", ""), ("reinstate", "\"second\"")];
        for (int i = 0; i < life.Length; i++)
        {
            byte[] submission = Submit(life[i].Action, (ulong)i, life[i].Content);
            TransactionOutcome submitted = await _node.CommitAsync(submission);
            Assert.That(Waiting().Select(s => (s.State.Proposed.Record.Id, s.Action, s.Payload.ToStringUtf8())),
                Is.EqualTo(new[] { ("L-1", life[i].Action, life[i].Action is "register" or "amend" ? life[i].Content : "") }));
            Assert.That(held, Is.EqualTo(History()), "it does not hold yet");
            bool isDelegated = i % 2 == 1;
            byte[] approval = _ledger.Sign(isDelegated ? deputy : approver, b => b.Approve = new ApproveSubmission
            {
                Record = new RecordName { Type = TestLedger.Type, Id = "L-1" },
                ExpectedVersion = (ulong)i,
                Submission = ByteString.CopyFrom(TestLedger.IdOf(submission).Span),
                OnBehalfOf = isDelegated ? "approver-1" : "",
            });
            await _node.CommitAsync(approval);
            Assert.That(Waiting(), Is.Empty);
            RecordVersion now = _node.Gateway.GetRecord(new GetRecordRequest { Type = TestLedger.Type, Id = "L-1" }).Record;
            Assert.That((now.Action, now.Payload.ToStringUtf8(), now.State.OfficerId), Is.EqualTo((life[i].Action, life[i].Content, "clerk-1")));
            Assert.That((now.TransactionId, now.SubmissionId), Is.EqualTo((TestLedger.IdOf(approval).ToString(), TestLedger.IdOf(submission).ToString())));
            Assert.That(now.State.Approval, Is.EqualTo(new Approval
            {
                Department = "dept-0",
                OfficerId = isDelegated ? "deputy-1" : "approver-1",
                SubmissionPosition = submitted.Position,
                OnBehalfOf = isDelegated ? "approver-1" : "",
            }));
            held.Add(now);
        }
        Assert.That(History(), Is.EqualTo(held));
        for (ulong version = 1; version <= (ulong)held.Count; version++)
        {
            Assert.That(
                _node.Gateway.GetRecord(new GetRecordRequest { Type = TestLedger.Type, Id = "L-1", Version = version }).Record,
                Is.EqualTo(held[(int)version - 1]), "alone, from as far back as need be");
        }

        byte[] Submit(string action, ulong expected, string content) => _ledger.Sign(_ledger.Clerk, body =>
        {
            var change = new RecordChange
            {
                Record = new RecordName { Type = TestLedger.Type, Id = "L-1" },
                ExpectedVersion = expected,
                Reason = "test",
                ApproveUntilMs = body.ExpiresAtMs,
            };
            if (action is "register" or "amend")
                change.Payload = new Payload { Inline = new InlinePayload { MediaType = "text/plain", Content = ByteString.CopyFromUtf8(content) } };
            switch (action)
            {
                case "register": body.Register = change; break;
                case "amend": body.Amend = change; break;
                case "annul": body.Annul = change; break;
                default: body.Reinstate = change; break;
            }
        });
        IEnumerable<RecordVersion> History() => held.Count == 0 ? [] : _node.Gateway.GetRecordHistory(
            new GetRecordHistoryRequest { Type = TestLedger.Type, Id = "L-1", PageSize = 100 }).Versions;
        IEnumerable<Submission> Waiting() => _node.Gateway.ListSubmissions(
            new ListSubmissionsRequest { Type = TestLedger.Type, PageSize = 10 }).Submissions;
    }

    [Test]
    public async Task ListSubmissions_ByPages_SkipsWhatIsDecidedOrOvertaken()
    {
        await _node.FoundAsync();
        for (int i = 0; i < 5; i++)
        {
            byte[] submission = Submit($"L-{i}");
            await _node.CommitAsync(submission);
            if (i == 1)
            {
                await _node.CommitAsync(_ledger.Sign(_ledger.Clerk, b => b.Refuse = new RefuseSubmission
                {
                    Record = new RecordName { Type = TestLedger.Type, Id = "L-1" },
                    Submission = ByteString.CopyFrom(TestLedger.IdOf(submission).Span),
                    Reason = "typing error",
                }));
            }
        }
        await _node.CommitAsync(_ledger.Change("L-3", 0));
        var pages = new List<string>();
        var request = new ListSubmissionsRequest { Type = TestLedger.Type, PageSize = 2 };
        do
        {
            ListSubmissionsResponse page = _node.Gateway.ListSubmissions(request);
            pages.Add(string.Join(' ', page.Submissions.Select(s => s.State.Proposed.Record.Id)));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        Assert.That(pages, Is.EqualTo(new[] { "L-0", "L-2", "L-4" }));

        byte[] Submit(string id) => _ledger.Sign(_ledger.Clerk, body => body.Register = new RecordChange
        {
            Record = new RecordName { Type = TestLedger.Type, Id = id },
            Payload = new Payload { Inline = new InlinePayload { MediaType = "text/plain" } },
            ApproveUntilMs = body.ExpiresAtMs,
        });
    }

    [Test]
    public async Task Uptime_OfARuntimeThatFollowsAnother_IsCountedFromTheNodesStart()
    {
        await _node.StopAsync();
        long anHourAgo = TimeProvider.System.GetTimestamp() - 3_600 * TimeProvider.System.TimestampFrequency;
        await _node.StartAsync(new NodeRuntimeOptions { Started = anHourAgo });
        Assert.That(_node.Gateway.GetStatus().UptimeMs, Is.GreaterThanOrEqualTo(3_600_000));
    }

    [Test]
    public void Start_SaysThatItVotes_OnlyWhereNobodyCanKnowBetter()
    {
        static string RoleOf(ConsensusStanding standing, int departments)
        {
            using var ledger = new TestLedger(departments);
            return NodeRuntime.RoleOf(standing, ledger.Genesis.Validators);
        }

        var voter = new ConsensusStanding(1, 0, 0, default, IsRecalling: false);
        Assert.That(RoleOf(voter, 1), Is.EqualTo("votes"));
        Assert.That(RoleOf(voter, 4), Does.Contain("as soon as enough others have said"), "it may learn that it has forgotten votes");
        Assert.That(RoleOf(voter with { Abstention = new Abstention(AbstainReason.JournalMissing) }, 4), Is.EqualTo("does not vote (JournalMissing)"));
        Assert.That(RoleOf(voter with { IsObserver = true }, 4), Is.EqualTo("observes"));
    }

    [Test]
    public async Task Rivals_ForTheSameVersion_OneCommitsAndTheOtherHearsOfTheConflict()
    {
        await _node.FoundAsync();
        TransactionOutcome[] outcomes = await Task.WhenAll(
            _node.SubmitAsync(_ledger.Change("L-1", 0, "1")), _node.SubmitAsync(_ledger.Change("L-1", 0, "2")));

        TransactionOutcome loser = outcomes.Single(o => o.Status == TransactionStatus.Rejected);
        Assert.That(outcomes.Count(o => o.Status == TransactionStatus.CommittedDurably), Is.EqualTo(1));
        Assert.That(loser.Rejection.Code, Is.EqualTo("VERSION_CONFLICT"));
        Assert.That(_node.Gateway.GetTransaction(loser.TransactionId).Outcome.Rejection.Code, Is.EqualTo("VERSION_CONFLICT"));
    }

    [Test]
    public async Task Submit_GarbageSignatureOnAKnownBody_IsRefusedAndDoesNotHarmTheGenuineOne()
    {
        await _node.FoundAsync();
        byte[] genuine = _ledger.Change("L-1", 0);
        TransactionOutcome garbage = await _node.SubmitAsync(TestLedger.WithGarbageSignature(genuine));
        Assert.That(garbage.Rejection.Code, Is.EqualTo("INVALID_SIGNATURE"));
        Assert.That(() => _node.Gateway.GetTransaction(garbage.TransactionId), Throws.TypeOf<LedgerRequestException>());

        await _node.CommitAsync(genuine);
    }

    [Test]
    public async Task Submit_WhatCannotCommit_IsRefusedAtTheDoorWithItsReason()
    {
        TransactionOutcome unknownSigner = await _node.SubmitAsync(_ledger.Change("L-1", 0));
        Assert.That(unknownSigner.Rejection.Code, Is.EqualTo("UNKNOWN_SIGNER"));
        Assert.That(unknownSigner.Rejection.Permanent, Is.False);

        TransactionOutcome noTransaction = await _node.SubmitAsync([1, 2, 3]);
        Assert.That(noTransaction.Status, Is.EqualTo(TransactionStatus.Rejected));
        Assert.That(noTransaction.TransactionId, Is.Empty);

        await _node.FoundAsync();
        byte[] late = _ledger.Change("L-1", 0, validMs: 0);
        await _node.CommitAsync(_ledger.Change("L-2", 0)); // its header passes the expiry
        TransactionOutcome expired = await _node.SubmitAsync(late);
        Assert.That(expired.Status, Is.EqualTo(TransactionStatus.Expired));
    }

    [Test]
    public async Task Proofs_OfRecordsInSeveralBlocks_VerifyAgainstTheCertifiedHeaders()
    {
        await _node.FoundAsync();
        byte[] envelope = _ledger.Change("L-1", 0);
        TransactionOutcome outcome = await _node.CommitAsync(envelope);
        await _node.CommitAsync(_ledger.Change("L-2", 0));

        InclusionProof inclusion = _node.Gateway.GetInclusionProof(outcome.Position, 0);
        Core.Model.BlockHeader header = Core.Model.BlockHeader.TryRead(inclusion.Header.Header.Span)!;
        Assert.That(Core.Merkle.LogVerifier.VerifyInclusion(
            Core.Merkle.LogHash.Leaf(envelope), outcome.Position, inclusion.LogSize,
            [.. inclusion.Path.Select(p => new Digest(p.Span))], header.LogRoot), Is.EqualTo(Core.Merkle.LogProofFailure.None));
        Core.Model.Certificate certificate = Core.Model.Certificate.TryRead(inclusion.Header.Certificate.Span)!;
        using var verifier = new PlatformSignatureVerifier();
        Assert.That(CertificateVerifier.Verify(header, certificate, _ledger.Genesis.Validators, verifier),
            Is.EqualTo(CertificateFailure.None));

        ProvenTransaction? proven = ReceiptVerifier.Verify(
            _node.Gateway.GetReceipt(outcome.TransactionId).Span, _ledger.Genesis.ChainId, verifier, out ReceiptFailure? failure);
        Assert.That(proven, Is.Not.Null, $"{failure}");
    }

    [Test]
    public async Task Subscribe_FromAPosition_GivesWhatIsStoredAndThenWhatComes()
    {
        await _node.FoundAsync();
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        IAsyncEnumerator<CommittedTransaction> feed =
            _node.Gateway.SubscribeAsync(0, stop.Token).GetAsyncEnumerator(stop.Token);
        var positions = new List<ulong>();
        for (int i = 0; i < 2 && await feed.MoveNextAsync(); i++)
            positions.Add(feed.Current.Position);
        Assert.That(positions, Is.EqualTo(new[] { 1UL, 2UL }));

        ValueTask<bool> next = feed.MoveNextAsync();
        byte[] envelope = _ledger.Change("L-1", 0);
        await _node.CommitAsync(envelope);
        Assert.That(await next, Is.True);
        Assert.That(feed.Current.Envelope.ToByteArray(), Is.EqualTo(envelope));
        await feed.DisposeAsync();
    }

    [Test]
    public async Task ListRecords_InPages_GivesEachRecordOnceWhileOthersAreAdded()
    {
        await _node.FoundAsync();
        await Task.WhenAll(Enumerable.Range(0, 7).Select(i => _node.CommitAsync(_ledger.Change($"L-{i}", 0))));
        ListRecordsResponse first = _node.Gateway.ListRecords(new ListRecordsRequest { Type = TestLedger.Type, PageSize = 3 });
        await _node.CommitAsync(_ledger.Change("L-00", 0));
        var ids = first.Records.Select(r => r.State.Record.Id).ToList();
        for (string token = first.NextPageToken; token.Length > 0;)
        {
            ListRecordsResponse page = _node.Gateway.ListRecords(
                new ListRecordsRequest { Type = TestLedger.Type, PageSize = 3, PageToken = token });
            ids.AddRange(page.Records.Select(r => r.State.Record.Id));
            token = page.NextPageToken;
        }
        Assert.That(ids, Is.EqualTo(Enumerable.Range(0, 7).Select(i => $"L-{i}")));
    }

    [Test]
    public async Task Restart_JournalGone_FollowsAndServesButNeverVotes()
    {
        await _node.FoundAsync();
        await _node.StopAsync();
        File.Delete(Path.Combine(_node.Path, "votes"));
        for (int i = 0; i < 2; i++) // the reason outlasts a restart
        {
            await _node.StartAsync();
            GetStatusResponse status = _node.Gateway.GetStatus();
            Assert.That(status.Voting, Is.False);
            Assert.That(status.AbstainingBecause, Does.Contain("journal is missing"));
            TransactionOutcome outcome = await _node.Gateway.SubmitAsync(
                _ledger.Change($"L-{i}", 0), new Submitter("client"), WaitFor.Accepted, TimeSpan.FromSeconds(30), CancellationToken.None);
            Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.Pending));
            await _node.StopAsync();
        }
    }

    [Test]
    public async Task Restart_LedgerRestored_DoesNotVote_AndTheJournalRemembersIt()
    {
        await _node.FoundAsync();
        await _node.StopAsync();
        using (GovChain.Storage.DataDirectory directory = GovChain.Storage.DataDirectory.Open(_node.Path, _ledger.Genesis.ChainId))
            directory.MarkRestored();
        for (int i = 0; i < 2; i++)
        {
            await _node.StartAsync();
            Assert.That(_node.Gateway.GetStatus().AbstainingBecause, Does.Contain("restored"));
            await _node.UntilAsync(_ => !File.Exists(Path.Combine(_node.Path, "restored")), "the journal has taken the mark over");
            await _node.StopAsync();
        }
    }

    [Test]
    public async Task Drain_SubmissionsUnderWay_AreAnsweredAndThoseWhoSubmitAreTold()
    {
        await _node.FoundAsync();
        Task<TransactionOutcome>[] underWay = [.. Enumerable.Range(0, 100).Select(i => _node.SubmitAsync(_ledger.Change($"L-{i}", 0)))];

        int unanswered = await _node.Runtime.DrainAsync(TimeSpan.FromSeconds(60));

        Assert.That(unanswered, Is.Zero);
        Assert.That(_node.Gateway.Readiness, Is.EqualTo(NodeReadiness.NotReady("This node is stopping.")));
        Assert.That(_node.Gateway.Stopping.IsCancellationRequested);
        foreach (TransactionOutcome outcome in await Task.WhenAll(underWay))
            Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably));
    }

    [Test]
    public async Task Submit_ChangeThatFollowsAVersionNotThereYet_IsPendingAndSaysSoEverywhere_UntilTheGapIsFilled()
    {
        await _node.FoundAsync();
        await _node.CommitAsync(_ledger.Change("L-1", 0));
        byte[] ahead = _ledger.Change("L-1", 3);
        string id = TestLedger.IdOf(ahead).ToString();

        TransactionOutcome[] told =
        [
            await _node.SubmitAsync(ahead, WaitFor.Accepted),
            await _node.Gateway.SubmitAsync(ahead, new Submitter("client"), WaitFor.Committed, TimeSpan.FromMilliseconds(50), CancellationToken.None),
            _node.Gateway.GetTransaction(id).Outcome,
        ];
        foreach (TransactionOutcome outcome in told)
        {
            Assert.That((outcome.Status, outcome.Rejection?.Code), Is.EqualTo((TransactionStatus.Pending, "VERSION_AHEAD")));
            Assert.That(outcome.Rejection!.Message, Does.Contain("version 3").And.Contain("only version 1"));
            Assert.That((outcome.Rejection.Facts["expectedVersion"], outcome.Rejection.Facts["currentVersion"]), Is.EqualTo(("3", "1")));
        }
        LedgerRequestException noReceipt = Assert.Throws<LedgerRequestException>(() => _node.Gateway.GetReceipt(id))!;
        Assert.That(noReceipt.Message, Does.Contain("version 3"));
        Assert.That(noReceipt.Facts, Does.Contain(("obstacle", "VERSION_AHEAD")));

        // What is there, and not ready only for a moment, is no obstacle.
        TransactionOutcome next = await _node.SubmitAsync(_ledger.Change("L-1", 1), WaitFor.Accepted);
        Assert.That((next.Status, next.Rejection), Is.EqualTo((TransactionStatus.Pending, (Rejection?)null)));
        await _node.CommitAsync(_ledger.Change("L-1", 2));
        await _node.CommitAsync(ahead);
    }

    [Test]
    public async Task Drain_NothingCanCommit_EndsWhenItsTimeIsOver()
    {
        await _node.FoundAsync();
        // Nothing fills the gap before it.
        Task<TransactionOutcome> held = _node.SubmitAsync(_ledger.Change("L-1", 5));
        await _node.UntilAsync(s => s.PoolTransactions == 1, "the transaction is held");

        Assert.That(await _node.Runtime.DrainAsync(TimeSpan.FromMilliseconds(100)), Is.EqualTo(1));
        await _node.StopAsync();
        Assert.That((await held).Status, Is.EqualTo(TransactionStatus.Pending), "whoever waits is told that it is open");
    }
}
