using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node;
using GovChain.Node.Auditing;
using GovChain.Node.Consensus;
using GovChain.Node.Snapshots;
using GovChain.Node.Sync;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Snapshots;

/// <summary>
/// A snapshot of a ledger whose validators have changed three times, for a node that knows the founders only
/// (docs/PROTOCOL.md, "Snapshots"): it follows the changes under the certificates of those who made them, takes no other
/// way to a later set, and judges each older block by the departments of its own time.
/// </summary>
[TestFixture]
public sealed class SnapshotEpochsTests
{
    private const int Blocks = 60, Changes = 3;
    private const int HeightAt = 34, EpochAt = 74, NextSetAt = 114;

    private SnapshotBed _bed = null!;
    private ScriptedPeers _peers = null!;
    private PeerProgress _progress = null!;
    private int _runs;

    [OneTimeSetUp]
    public void MakeLedger() => _bed = new SnapshotBed(Blocks, records: 2, changes: true);

    [OneTimeTearDown]
    public void RemoveLedger() => _bed.Dispose();

    [SetUp]
    public void NewPeers()
    {
        _peers = new ScriptedPeers(_bed);
        _progress = new PeerProgress();
    }

    [Test]
    public async Task Newcomer_FollowsTheChanges_AndKnowsTheSetOfEveryHeight()
    {
        Assert.That(await FetchAsync(), Is.Null);
        Installed(store =>
        {
            ValidatorHistory expected = ValidatorHistory.Of(Genesis, _bed.Head.OpenSnapshot()), history = ValidatorHistory.Of(Genesis, store.Current);
            Assert.That(history.Epoch, Is.EqualTo(Changes));
            for (ulong height = 1; height <= _bed.Tip + 1; height++)
                Assert.That(history.At(height).Hash, Is.EqualTo(expected.At(height).Hash), $"{height}");
            Assert.That(store.Gap!.Base.Epoch, Is.EqualTo(2), "blocks of two epochs came");
            Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty);
        });
        Assert.That(Complaints(), Is.Empty);
    }

    /// <summary>Many changes of large sets do not fit into one answer: those that lack come with the next.</summary>
    [Test]
    public async Task Changes_ThatComeOneByOne_AreAllFollowed()
    {
        foreach (int department in new[] { 1, 2, 3 })
            _peers.Twist(department, (_, answer) => OnHead(answer, head => Keep(head, 1)));
        Assert.That(await FetchAsync(answerBytesMax: 1), Is.Null);
        Assert.That(Complaints(), Is.Empty);
        Assert.That(_progress.Of(1).Complaint, Is.Empty);
    }

    /// <summary>All three fit into an answer: who gives one at a time is asked for no more.</summary>
    [Test]
    public async Task Changes_OfOneThatGivesThemOneByOne_AreTakenFromTheOthers()
    {
        _peers.Twist(1, (_, answer) => OnHead(answer, head => Keep(head, 1)));
        Assert.That(await FetchAsync(), Is.Null);
        Assert.That(_progress.Of(1).Complaint, Does.StartWith("sent a snapshot of an epoch that the changes"));
        Assert.That(_peers.Asked[TestLedger.DepartmentId(1)], Is.EqualTo(1));
    }

    /// <summary>Two of the three tell it, and are asked first.</summary>
    [Test]
    public async Task LyingPeers_AreNamed_AndTheHonestOneIsEnough(
        [Values("none", "cut", "hole", "order", "twice", "key", "department", "removal", "header", "certificate", "foreign",
            "by-the-next-set", "early-end", "late", "many", "old-set-on-top", "other-next-set", "base-of-another-epoch")]
        string lie)
    {
        foreach (int department in new[] { 1, 2 })
            _peers.Twist(department, (_, answer) => OnHead(answer, head => Lie(lie, head)));
        _peers.Twist(3, static (_, answer) =>
        {
            Thread.Sleep(10);
            return answer;
        });
        Assert.That(await FetchAsync(), Is.Null);
        // Too many are refused before a signature is verified, and those after the snapshot for what they are.
        string told = lie switch { "many" => "sent more changes", "late" => "sent a change of the validators after the snapshot", _ => "sent " };
        Assert.That(Complaints(), Is.Not.Empty.And.All.StartsWith(told));
        Assert.That(_progress.Of(3).Complaint, Is.Empty);
        Installed(store => Assert.That(ValidatorHistory.Of(Genesis, store.Current).Epoch, Is.EqualTo(Changes)));
    }

    [Test]
    public async Task NodeWithAGap_LeadsOnlyFromWhereItHasTheBlocks()
    {
        Assert.That(await FetchAsync(), Is.Null);
        Installed(store =>
        {
            _bed.Append(store, blocks: 40, spacingMs: 2_000); // until blocks of its own are below the horizon
            using var shelf = new SnapshotShelf(TimeProvider.System);
            var server = new SnapshotServer(shelf, new GovChain.Node.Ledger.LedgerHead(store));
            SnapshotHead? From(ulong epoch)
            {
                ulong held = SnapshotRules.ReadHeld(server.Answer(new SnapshotRequest()))[0];
                return server.Answer(new SnapshotRequest { Height = held, Head = new SnapshotHeadWanted { FromEpoch = epoch } }).Head;
            }
            Assert.That(From(0), Is.Null, "the first changes are below its first block");
            Assert.That(From(2)!.Epochs, Has.Count.EqualTo(1));
            Assert.That(From(ulong.MaxValue)!.Epochs, Is.Empty);
        });
    }

    /// <summary>
    /// Real votes. The wiped department's key is the newest one, which the genesis does not know: it observes until it has the
    /// snapshot, then votes, and is filled in with blocks of four epochs.
    /// </summary>
    [Test]
    public async Task WipedNode_WithAKeyOfALaterEpoch_JoinsBySnapshot_VotesAndIsFilledIn()
    {
        var options = new NodeRuntimeOptions { SnapshotLag = 20, Observer = TestLedger.DepartmentId(3) };
        var clock = new Ahead(TimeSpan.FromMilliseconds(_bed.Head.Tip.TimestampMs - (double)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()));
        var wires = new LoopbackNetwork { GivesBlocks = static (department, first) => department != TestLedger.DepartmentId(3) || first > 15 };
        TestNode[] nodes = [.. Enumerable.Range(0, 4).Select(i => new TestNode(_bed.Ledger, i, _bed.PathOf($"n{i}"), wires, clock))];
        try
        {
            for (int i = 0; i < 3; i++)
            {
                _bed.CopyTo(nodes[i].Path);
                await nodes[i].StartAsync(options);
            }
            TestNode wiped = nodes[3];
            await wiped.StartAsync(options);
            await wiped.Runtime.SnapshotReady.WaitAsync(TimeSpan.FromSeconds(30));
            await wiped.StopAsync();
            await wiped.StartAsync(options);
            await wiped.UntilAsync(s => s.Height == nodes[0].Height && s.Voting && s.Epoch == Changes, "it votes");
            await nodes[0].StopAsync(); // its vote is needed now
            byte[] record = _bed.Ledger.Change("beside", 0, "{}", (ulong)clock.By.TotalMilliseconds + 30_000);
            await nodes[1].CommitAsync(record);
            await wiped.UntilAsync(s => s.Height == nodes[1].Height, "it is level");
            string id = TestLedger.IdOf(record).ToString();
            Assert.That(Assert.Throws<LedgerRequestException>(() => wiped.Gateway.GetReceipt(id))!.Code,
                Is.EqualTo(LedgerErrorCode.NotYetAvailable), "a receipt leads through blocks that are not there yet");

            wires.GivesBlocks = static (_, _) => true;
            await wiped.UntilAsync(s => s.WholeFromHeight == 0, "all is filled in");
            Assert.That(ReceiptVerifier.Verify(wiped.Gateway.GetReceipt(id).Span, Genesis.ChainId, _bed.Verifier, out ReceiptFailure? failure),
                Is.Not.Null, failure?.Message);
            await wiped.StopAsync();
            AuditReport audit = await DirectoryAudit.RunAsync(wiped.Path, null, Genesis, null, CancellationToken.None);
            Assert.That(audit.Ok, $"{audit.FirstProblem}");
            Assert.That(audit.Findings, Is.Empty);
        }
        finally
        {
            foreach (TestNode node in nodes)
                await node.DisposeAsync();
        }
    }

    private Genesis Genesis => _bed.Ledger.Genesis;

    private string PathOfRun => _bed.PathOf($"run-{_runs}");

    private async Task<string?> FetchAsync(int answerBytesMax = SnapshotAnswers.AnswerBytesMax)
    {
        _runs++;
        using DataDirectory directory = DataDirectory.Open(PathOfRun, Genesis.ChainId);
        using (LedgerStore store = LedgerStore.Open(directory))
            store.Append(Genesis.Block, certificate: null);
        var peers = new SnapshotPeers(new LedgerSources(Genesis.Validators, _peers), _peers, _progress, TimeProvider.System);
        Assert.That(await peers.FindAsync(0, CancellationToken.None), Is.EqualTo(_bed.Tip));
        using LedgerAssembly assembly = LedgerAssembly.Create(directory);
        string? failure = await new SnapshotFetch(
            Genesis, new ValidatorHistory(Genesis.Validators, null), _bed.Verifier, peers, assembly, _bed.Tip)
        {
            AnswerBytesMax = answerBytesMax,
        }.RunAsync(CancellationToken.None);
        if (failure is null)
            assembly.Complete(new DurableTip(0, Genesis.Block.Header.Hash));
        return failure;
    }

    private void Installed(Action<LedgerStore> look)
    {
        using DataDirectory directory = DataDirectory.Open(PathOfRun, Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        look(store);
    }

    private string[] Complaints() => [.. Enumerable.Range(1, 3).Select(i => _progress.Of(i).Complaint).Where(static c => c.Length > 0)];

    private static SnapshotResponse OnHead(SnapshotResponse answer, Action<SnapshotHead> twist)
    {
        if (answer.Head is { } head)
            twist(head);
        return answer;
    }

    private static void Keep(SnapshotHead head, int count)
    {
        while (head.Epochs.Count > count)
            head.Epochs.RemoveAt(head.Epochs.Count - 1);
    }

    private void Lie(string lie, SnapshotHead head)
    {
        using LedgerSnapshot view = _bed.Head.OpenSnapshot();
        ValidatorHistory history = ValidatorHistory.Of(Genesis, view);
        IList<SnapshotEpoch> epochs = head.Epochs;
        switch (lie)
        {
            case "none":
                epochs.Clear();
                break;
            case "cut": // what is there is true; that there is no more is not
                Keep(head, epochs.Count - 1);
                break;
            case "hole":
                epochs.RemoveAt(1);
                break;
            case "order":
                (epochs[0], epochs[1]) = (epochs[1], epochs[0]);
                break;
            case "twice":
                epochs.Insert(1, epochs[0]);
                break;
            case "key":
                epochs[0].NewKey = ByteString.CopyFrom(_bed.Ledger.Administrator.PublicKey.Span);
                break;
            case "department":
                epochs[0].Department = "dept-9";
                break;
            case "removal":
                epochs[0].NewKey = ByteString.Empty;
                break;
            case "header":
                epochs[0].Header = ByteString.CopyFrom(epochs[0].Header.Span[..^1]);
                break;
            case "certificate":
                epochs[2].Certificate = epochs[1].Certificate;
                break;
            case "foreign":
                Recertify(epochs[0], Genesis.Validators, bytes => bytes[5] ^= 1);
                break;
            case "by-the-next-set":
                Recertify(epochs[0], history.OfEpoch(1)!, static _ => { });
                break;
            case "early-end": // of a block that ends no epoch
                epochs[0].Header = ByteString.CopyFrom(view.GetHeader(5).ToBytes());
                epochs[0].Certificate = ByteString.CopyFrom(view.GetCertificate(5)!.ToBytes());
                break;
            case "late": // true, if it were asked for
                epochs.Add(End(view.Tip.Height + 1, history));
                break;
            case "many":
                while (epochs.Count <= Limits.MembershipChangesMax)
                    epochs.Add(epochs[0]);
                break;
            case "old-set-on-top": // the founders' keys certify on, after their epoch
                byte[] header = head.Header.ToByteArray();
                Write(header, EpochAt, 0);
                Genesis.Validators.Hash.Span.CopyTo(header.AsSpan(NextSetAt));
                Genesis.Validators.Hash.Span.CopyTo(header.AsSpan(NextSetAt - Digest.Size));
                head.Header = ByteString.CopyFrom(header);
                head.Certificate = ByteString.CopyFrom(_bed.Certify(BlockHeader.TryRead(header)!, Genesis.Validators).ToBytes());
                break;
            case "other-next-set":
                byte[] next = head.Header.ToByteArray();
                next[NextSetAt] ^= 1;
                head.Header = ByteString.CopyFrom(next);
                break;
            case "base-of-another-epoch":
                byte[] below = head.BaseHeader.ToByteArray();
                Write(below, EpochAt, 0); // the set of epoch 0 is that of epoch 2 again
                head.BaseHeader = ByteString.CopyFrom(below);
                head.BaseCertificate = ByteString.CopyFrom(_bed.Certify(BlockHeader.TryRead(below)!, Genesis.Validators).ToBytes());
                break;
        }
    }

    private SnapshotEpoch End(ulong height, ValidatorHistory history)
    {
        using LedgerSnapshot view = _bed.Head.OpenSnapshot();
        byte[] header = view.Tip.ToBytes();
        Write(header, HeightAt, height);
        var left = new ValidatorSet(history.Acting.Members.Skip(1));
        left.Hash.Span.CopyTo(header.AsSpan(NextSetAt));
        return new SnapshotEpoch
        {
            Header = ByteString.CopyFrom(header),
            Certificate = ByteString.CopyFrom(_bed.Certify(BlockHeader.TryRead(header)!, history.Acting).ToBytes()),
            Department = history.Acting[0].Department,
        };
    }

    private void Recertify(SnapshotEpoch epoch, ValidatorSet set, Action<byte[]> change)
    {
        byte[] header = epoch.Header.ToByteArray();
        change(header);
        epoch.Header = ByteString.CopyFrom(header);
        epoch.Certificate = ByteString.CopyFrom(_bed.Certify(BlockHeader.TryRead(header)!, set).ToBytes());
    }

    private static void Write(byte[] header, int at, ulong value) =>
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(at), value);

    private sealed class Ahead(TimeSpan by) : TimeProvider
    {
        public TimeSpan By => by;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + by;
    }
}
