using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Snapshots;
using GovChain.Node.Sync;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Snapshots;

/// <summary>
/// Peers that lie, withhold and change their minds (docs/PROTOCOL.md, "Snapshots"): with one honest one the snapshot comes,
/// whoever lied is named, and with none nothing is believed.
/// </summary>
[TestFixture]
public sealed class SnapshotFetchTests
{
    private const int Blocks = 60;

    private SnapshotBed _bed = null!;
    private readonly PaceClock _pace = new();
    private ScriptedPeers _peers = null!;
    private PeerProgress _progress = null!;
    private int _runs;

    [OneTimeSetUp]
    public void MakeLedger() => _bed = new SnapshotBed(Blocks);

    [OneTimeTearDown]
    public void RemoveLedger() => _bed.Dispose();

    [SetUp]
    public void NewPeers()
    {
        _peers = new ScriptedPeers(_bed);
        _progress = new PeerProgress();
    }

    [Test]
    public async Task HonestPeers_GiveALedgerThatIsWholeFromTheHorizonOn()
    {
        Assert.That(await FetchAsync(), Is.Null);
        Installed(store =>
        {
            Assert.That(store.Current.TipHeight, Is.EqualTo(_bed.Tip));
            LedgerGap gap = store.Gap!;
            using LedgerSnapshot source = _bed.Head.OpenSnapshot();
            Assert.That(source.Tip.TimestampMs - gap.Base.TimestampMs, Is.InRange(60_000, 61_999), "blocks of a minute and no more");
            Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty);
        });
        Assert.That(Complaints(), Is.Empty);
    }

    /// <summary>Two of the three tell it; the last is slow, so that they are asked first.</summary>
    [Test]
    public async Task LyingPeers_AreNamed_AndTheHonestOneIsEnough(
        [Values("page", "pages", "order", "value", "key", "header", "base", "tile", "empty")] string lie)
    {
        _peers.Twist(1, (_, answer) => Lie(lie, answer));
        _peers.Twist(2, (_, answer) => Lie(lie, answer));
        Slow(3);
        Assert.That(await FetchAsync(), Is.Null);
        Installed(store => Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty));
        if (lie != "empty") // it only says that it has none
            Assert.That(Complaints(), Has.Exactly(2).StartsWith("sent "));
        Assert.That(_progress.Of(3).Complaint, Is.Empty);
    }

    [Test]
    public async Task LyingPeers_AllOfThem_AreBelievedNothing(
        [Values("page", "value", "tile", "empty")] string lie)
    {
        for (int i = 1; i <= 3; i++)
            _peers.Twist(i, (_, answer) => Lie(lie, answer));
        Assert.That(await FetchAsync(), Is.Not.Null);
        Assert.That(Directory.Exists(Path.Combine(PathOfRun, "install")), Is.False);
    }

    /// <summary>What is left out cannot be seen in one answer; it is when all are there and leaves are not.</summary>
    [Test]
    public async Task OmittedValues_AreFetchedFromOthers_AndTheLiarIsNamed([Values("middle", "end")] string where)
    {
        _peers.Twist(1, (request, answer) =>
        {
            if (request.PartCase != SnapshotRequest.PartOneofCase.Rows)
                return answer;
            if (where == "end")
            {
                answer.LastRows = true;
                while (answer.Rows.Count > 5)
                    answer.Rows.RemoveAt(answer.Rows.Count - 1);
            }
            else
                answer.Rows.RemoveAt(answer.Rows.Count / 2);
            return answer;
        });
        Slow(2);
        Slow(3);
        Assert.That(await FetchAsync(), Is.Null);
        Installed(store => Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty));
        Assert.That(_progress.Of(1).Complaint, Does.StartWith("left state values out"));
    }

    [Test]
    public async Task SilentAndForgetfulPeers_AreGoneAroundWithWhatIsThereAlready()
    {
        int answered = 0;
        _peers.Twist(1, (_, answer) => ++answered > 2 ? null : answer);
        _peers.Twist(2, (_, _) => new SnapshotResponse()); // restarted: it holds nothing any more
        Assert.That(await FetchAsync(), Is.Null);
        Installed(store => Assert.That(store.Current.TipHeight, Is.EqualTo(_bed.Tip)));
    }

    [Test]
    public async Task Blocks_OfLiars_AreNotTaken([Values("leaf", "certificate")] string lie)
    {
        _peers.TwistBlocks(1, (_, answer) =>
        {
            SyncedBlock block = answer.Blocks[answer.Blocks.Count / 2];
            switch (lie)
            {
                case "leaf":
                    block.Envelopes[0] = ByteString.CopyFrom(_bed.Ledger.Change("other", 0));
                    break;
                default:
                    block.Certificate = Flip(block.Certificate, block.Certificate.Length - 5);
                    break;
            }
            return answer;
        });
        Slow(2);
        Slow(3);
        Assert.That(await FetchAsync(), Is.Null);
        Installed(store => Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty));
        Assert.That(_progress.Of(1).Complaint, Is.Not.Empty);
    }

    /// <summary>With too few blocks a transaction could be put on the ledger twice; with too many the fetch would not end.</summary>
    [Test]
    public async Task Base_AtAnotherHeightThanTheHorizons_IsRefused([Values(-5, 5)] int off)
    {
        _peers.Twist(1, (request, answer) =>
        {
            if (answer.Head is { } head)
                Rebase(head, off);
            return answer;
        });
        Slow(2);
        Slow(3);
        Assert.That(await FetchAsync(), Is.Null);
        Assert.That(_progress.Of(1).Complaint, Does.StartWith("sent a snapshot with"));
        Installed(store =>
        {
            Assert.That(store.Gap!.Base.Height, Is.EqualTo(_bed.Tip - 30), "the others' base");
            Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty);
        });
    }

    /// <summary>Blocks that lead up from genesis cost more than they are worth: of four departments one may say so falsely.</summary>
    [Test]
    public async Task BaseFarBelow_OfOnePeer_TalksNobodyOutOfTheSnapshot()
    {
        _peers.Twist(1, (_, answer) =>
        {
            if (answer.Head is { } head)
                Rebase(head, -(int)BlockHeader.TryRead(head.BaseHeader.Span)!.Height + 1);
            return answer;
        });
        Slow(2);
        Slow(3);
        Assert.That(await FetchAsync(leavesMax: 200), Is.Null);
        Installed(store => Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty));
    }

    /// <summary>What breaks off before it is full is no honest answer, however quick it is.</summary>
    [Test]
    public async Task PartsPieceByPiece_OfOnePeer_AreTakenFromTheOthers([Values("rows", "pages")] string what)
    {
        _peers.Twist(1, (_, answer) =>
        {
            while (what == "rows" && answer.Rows.Count > 1)
            {
                answer.Rows.RemoveAt(1);
                answer.LastRows = false;
            }
            while (what == "pages" && answer.Pages.Count > 1)
                answer.Pages.RemoveAt(1);
            return answer;
        });
        Slow(2);
        Slow(3);
        Assert.That(await FetchAsync(), Is.Null);
        Assert.That(_progress.Of(1).Complaint, Does.EndWith("piece by piece"));
        Assert.That(_peers.Asked.Values.Sum(), Is.LessThan(12));
    }

    /// <summary>Two of three leave the same values out, and answer faster than the honest one.</summary>
    [Test]
    public async Task OmittedValues_OfTwo_AreFetchedFromTheThird()
    {
        foreach (int liar in new[] { 1, 2 })
        {
            _peers.Twist(liar, static (request, answer) =>
            {
                if (request.PartCase == SnapshotRequest.PartOneofCase.Rows && answer.Rows.Count > 3)
                    answer.Rows.RemoveAt(3);
                return answer;
            });
        }
        Slow(3);
        Assert.That(await FetchAsync(), Is.Null);
        Installed(store => Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty));
        Assert.That(Complaints(), Has.Exactly(1).EqualTo("left state values out of a snapshot"), "the one whose values were missed");
    }

    /// <summary>Only a hostile department keeps a snapshot for longer than all do; it must not keep the one that fetches.</summary>
    [Test]
    public async Task WaitingForLongerThanASnapshotIsKept_EndsTheFetch()
    {
        int given = 0;
        for (int i = 1; i <= 3; i++)
        {
            _peers.Twist(i, (_, answer) =>
            {
                given++;
                _pace.Us += (long)SnapshotRules.FetchMs * 1_000 / 2 + 1;
                return answer;
            });
        }
        Assert.That(await FetchAsync(), Is.EqualTo("it takes longer than anybody keeps it"));
        Assert.That(given, Is.EqualTo(5), "three offers, and two parts that took half of the time each");
    }

    [Test]
    public async Task Snapshots_OfPeers_AreTheOneThatMostHold()
    {
        var peers = new SnapshotPeers(new LedgerSources(_bed.Ledger.Genesis.Validators, _peers), _peers, _progress, _pace);
        Assert.That(await peers.FindAsync(0, CancellationToken.None), Is.EqualTo(_bed.Tip));
        Assert.That(await peers.FindAsync(_bed.Tip, CancellationToken.None), Is.Null, "nothing above what is here");
        _peers.Twist(1, (_, _) => new SnapshotResponse { Held = SnapshotRules.WriteHeld([1_000_000]) });
        Assert.That(await peers.FindAsync(0, CancellationToken.None), Is.EqualTo(_bed.Tip), "one alone says more");
    }

    /// <summary>Two of three agree on a snapshot that does not exist; the true one is taken all the same.</summary>
    [Test]
    public async Task Snapshots_ThatAreMadeUp_CostTheirOffererItsSay()
    {
        foreach (int department in new[] { 1, 2 })
        {
            _peers.Twist(department, static (request, answer) => request.PartCase == SnapshotRequest.PartOneofCase.None
                ? new SnapshotResponse { Held = SnapshotRules.WriteHeld([999_999, 1_000_000]) } : answer);
        }
        _runs++;
        using DataDirectory directory = DataDirectory.Open(PathOfRun, _bed.Ledger.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        store.Append(_bed.Ledger.Genesis.Block, certificate: null);
        var sync = new SnapshotSync(
            _bed.Ledger.Genesis, new ValidatorHistory(_bed.Ledger.Genesis.Validators, null), directory, new LedgerHead(store),
            new LedgerSources(_bed.Ledger.Genesis.Validators, _peers), _peers, _bed.Verifier, _progress, TimeProvider.System, 20, NullLogger.Instance);
        Assert.That(await sync.TryAsync(1_000_000, CancellationToken.None), Is.True);
        Assert.That(await sync.Installed, Is.EqualTo(_bed.Tip));
    }

    /// <summary>How many values a state has is proven only when all are there: of four departments one may lie.</summary>
    [Test]
    public async Task ExaggeratedSize_OfOnePeer_TalksNobodyOutOfTheSnapshot([Values(1, 2)] int liars)
    {
        for (int i = 1; i <= liars; i++)
        {
            _peers.Twist(i, (_, answer) =>
            {
                if (answer.Head is { } head)
                    head.StateRows = ulong.MaxValue;
                return answer;
            });
        }
        Slow(3);
        string? failure = await FetchAsync(rowsMax: 10_000);
        Assert.That(failure, liars == 1 ? Is.Null : Is.EqualTo("fetching the blocks costs less"));
        if (liars == 1)
            Installed(store => Assert.That(store.Current.TipHeight, Is.EqualTo(_bed.Tip)));
    }

    /// <summary>How many values there are is proven as the pages come: one that says there are none costs these.</summary>
    [Test]
    public async Task SizeMadeSmall_ByOne_TalksNobodyIntoTheSnapshot()
    {
        int values = 0;
        for (int i = 1; i <= 3; i++)
        {
            bool lies = i == 1;
            _peers.Twist(i, (request, answer) =>
            {
                if (lies && answer.Head is { } head)
                    head.StateRows = 0;
                values += request.PartCase == SnapshotRequest.PartOneofCase.Rows ? 1 : 0;
                _pace.Us += lies ? 0 : 20_000;
                return answer;
            });
        }
        Assert.That(await FetchAsync(rowsMax: 20), Is.EqualTo("fetching the blocks costs less"));
        Assert.That(values, Is.Zero);
    }

    [Test]
    public async Task OfAProtocolVersionThatIsNotExecutedHere_NothingIsPutInPlace_AndNobodyIsBlamed()
    {
        UnexecutableVersionException? refused = await Assert.ThrowsAsync<UnexecutableVersionException>(() => FetchAsync(newestVersion: 1));
        Assert.That((refused!.Height, refused.Version), Is.EqualTo((_bed.Tip + 1, 2U)));
        Assert.That(Directory.Exists(Path.Combine(PathOfRun, "install")), Is.False);
        Assert.That(Complaints(), Is.Empty);
    }

    [Test]
    public void Requests_OutOfBounds_AreNotLookedAt()
    {
        var pages = new SnapshotRequest { Height = 1, Pages = new StatePagesWanted() };
        Assert.That(SnapshotRules.IsWellFormed(pages), Is.False, "no key");
        pages.Pages.Keys.Add(ByteString.CopyFrom(0));
        Assert.That(SnapshotRules.IsWellFormed(pages), Is.True);
        pages.Pages.Keys.Add(ByteString.CopyFrom(5, 1));
        Assert.That(SnapshotRules.IsWellFormed(pages), Is.False, "no page's key");
        pages.Pages.Keys.Clear();
        pages.Pages.Keys.AddRange(Enumerable.Repeat(ByteString.CopyFrom(0), SnapshotRules.PagesMax + 1));
        Assert.That(SnapshotRules.IsWellFormed(pages), Is.False, "too many");
        var rows = new SnapshotRequest { Rows = new StateRowsWanted { After = ByteString.CopyFrom(new byte[SnapshotRules.StateKeyBytesMax + 1]) } };
        Assert.That(SnapshotRules.IsWellFormed(rows), Is.False, "too long");
    }

    private string PathOfRun => _bed.PathOf($"run-{_runs}");

    private async Task<string?> FetchAsync(
        ulong rowsMax = ulong.MaxValue, ulong leavesMax = ulong.MaxValue, uint newestVersion = ProtocolVersions.Newest)
    {
        _runs++;
        using DataDirectory directory = DataDirectory.Open(PathOfRun, _bed.Ledger.Genesis.ChainId);
        using (LedgerStore store = LedgerStore.Open(directory))
            store.Append(_bed.Ledger.Genesis.Block, certificate: null);
        var peers = new SnapshotPeers(new LedgerSources(_bed.Ledger.Genesis.Validators, _peers), _peers, _progress, _pace);
        Assert.That(await peers.FindAsync(0, CancellationToken.None), Is.EqualTo(_bed.Tip));
        using LedgerAssembly assembly = LedgerAssembly.Create(directory);
        var fetch = new SnapshotFetch(
            _bed.Ledger.Genesis, new ValidatorHistory(_bed.Ledger.Genesis.Validators, null), _bed.Verifier, peers, assembly, _bed.Tip)
        {
            NewestVersion = newestVersion,
            IsWorthwhile = (header, below, rows) => rows <= rowsMax && header.LogSizeAfter - below.LogSizeAfter <= leavesMax,
        };
        string? failure = await fetch.RunAsync(CancellationToken.None);
        if (failure is null)
            assembly.Complete(new DurableTip(0, _bed.Ledger.Genesis.Block.Header.Hash));
        return failure;
    }

    private void Installed(Action<LedgerStore> look)
    {
        using DataDirectory directory = DataDirectory.Open(PathOfRun, _bed.Ledger.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        look(store);
    }

    private IEnumerable<string> Complaints() =>
        Enumerable.Range(1, 3).Select(i => _progress.Of(i).Complaint).Where(static c => c.Length > 0);

    /// <summary>The fastest is asked first; this one is not.</summary>
    private void Slow(int department) => _peers.Twist(department, (_, answer) =>
    {
        _pace.Us += 20_000;
        return answer;
    });

    private static SnapshotResponse Lie(string lie, SnapshotResponse answer)
    {
        switch (lie)
        {
            case "page" when answer.Pages.Count > 0:
                answer.Pages[^1] = Flip(answer.Pages[^1], answer.Pages[^1].Length / 2);
                break;
            case "pages" when answer.Pages.Count > 1:
                (answer.Pages[0], answer.Pages[1]) = (answer.Pages[1], answer.Pages[0]);
                break;
            case "pages" when answer.Pages.Count == 1:
                answer.Pages.Add(answer.Pages[0]);
                break;
            case "order" when answer.Rows.Count > 1:
                (answer.Rows[0], answer.Rows[1]) = (answer.Rows[1], answer.Rows[0]);
                break;
            case "value" when answer.Rows.Count > 0:
                answer.Rows[^1].Value = Flip(answer.Rows[^1].Value, answer.Rows[^1].Value.Length - 1);
                break;
            case "key" when answer.Rows.Count > 0:
                answer.Rows[^1].Key = Flip(answer.Rows[^1].Key, answer.Rows[^1].Key.Length - 1);
                break;
            case "header" when answer.Head is { } head:
                head.Header = Flip(head.Header, 200);
                break;
            case "base" when answer.Head is { } head:
                head.BaseCertificate = Flip(head.BaseCertificate, head.BaseCertificate.Length - 3);
                break;
            case "tile" when answer.Head is { } head:
                head.EdgeTiles[0] = Flip(head.EdgeTiles[0], 40);
                break;
            case "empty":
                return new SnapshotResponse { Height = answer.Height, Held = answer.Held };
        }
        return answer;
    }

    /// <summary>Another base, true in itself.</summary>
    private void Rebase(SnapshotHead head, int off)
    {
        using LedgerSnapshot view = _bed.Head.OpenSnapshot();
        ulong height = (ulong)((long)BlockHeader.TryRead(head.BaseHeader.Span)!.Height + off);
        BlockHeader header = view.GetHeader(height);
        head.BaseHeader = ByteString.CopyFrom(header.ToBytes());
        head.BaseCertificate = ByteString.CopyFrom(view.GetCertificate(height)!.ToBytes());
        head.EdgeTiles.Clear();
        foreach (TileId id in SnapshotRules.EdgeOf(header.LogSizeAfter))
        {
            int bytes = LogTiles.WidthAt(id, header.LogSizeAfter) * Digest.Size;
            head.EdgeTiles.Add(bytes == 0 ? ByteString.Empty : ByteString.CopyFrom(view.GetTile(id.Level, id.Index).Span[..bytes]));
        }
    }

    private static ByteString Flip(ByteString bytes, int at)
    {
        byte[] copy = bytes.ToByteArray();
        copy[at] ^= 1;
        return ByteString.CopyFrom(copy);
    }
}
