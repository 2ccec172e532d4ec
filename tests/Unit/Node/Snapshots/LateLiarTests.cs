using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Snapshots;
using GovChain.Node.Sync;
using GovChain.Protos.V1;
using GovChain.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Snapshots;

/// <summary>
/// Goal: one that comes late, says that there are no more values, or gives nothing after the head, costs an answer or two and has nobody
/// blamed for it (docs/PROTOCOL.md, "Snapshots"). Method: parts so small that there are many, and a clock that moves with answers alone.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LateLiarTests : IDisposable
{
    private const int Liar = 1;
    private const int AnswerBytesMax = 4_000;
    private const int RangesBefore = 9; // of those who are honest, before it comes
    private const long JustInTimeUs = 9_900_000;

    private readonly SnapshotBed _bed = new(60);
    private readonly PaceClock _pace = new();
    private readonly PeerProgress _progress = new();
    private readonly ScriptedPeers _peers;
    private readonly List<StateRow> _withheld = [];
    private int _ranges;
    private int _runs;
    private bool _lied;

    public LateLiarTests()
    {
        _peers = new ScriptedPeers(_bed);
        foreach (int honest in new[] { 2, 3 })
        {
            var jitter = new Random(honest); // about as fast as each other
            _peers.Twist(honest, (request, answer) =>
            {
                _pace.Us += jitter.Next(15_000, 25_000);
                if (request.PartCase == SnapshotRequest.PartOneofCase.Rows && !_lied && ++_ranges == RangesBefore)
                    _peers.Connect(Liar);
                return Cut(answer);
            });
        }
    }

    public void Dispose() => _bed.Dispose();

    /// <summary>Asked for what the honest gave, it gives values of its own range, one with each answer.</summary>
    [Test]
    public async Task ValuesOfItsOwnRange_GivenWithTheOthers_AreNobodyElsesFault()
    {
        await FetchAsync(answer =>
        {
            _pace.Us += 1_000;
            answer.Rows.Clear();
            answer.LastRows = true;
            answer.Rows.Add(_withheld[0]);
            _withheld.RemoveAt(0);
            return answer;
        });
        Assert.That(_progress.Of(2).Complaint + _progress.Of(3).Complaint, Is.Empty);
        Assert.That(_progress.Of(Liar).Complaint, Is.EqualTo("left state values out of a snapshot"));
    }

    /// <summary>It gives all that is asked of it again, truly and just in time.</summary>
    [Test]
    public async Task SlowAnswers_ToWhatIsAskedAgain_AreTwoAtMost()
    {
        int slow = 0;
        await FetchAsync(answer =>
        {
            slow++;
            _pace.Us += JustInTimeUs;
            return Cut(answer);
        });
        Assert.That(_ranges, Is.GreaterThanOrEqualTo(RangesBefore));
        Assert.That(slow, Is.LessThanOrEqualTo(2));
    }

    /// <summary>It says that there are no values at all. Another hostile one is asked for them next, gives them in many parts, and
    /// leaves one out: the third has it.</summary>
    [Test]
    public async Task ValueThatTwoLeaveOut_OfARangeThatTheSecondGivesInManyParts_IsAskedOfTheThird()
    {
        const int other = 2;
        int parts = 0;
        ByteString? kept = null;
        _peers.Twist(other, (request, answer) =>
        {
            _pace.Us += 1_000;
            if (request.PartCase == SnapshotRequest.PartOneofCase.Pages) // the third is known to be slower by now
                _peers.Connect(Liar);
            if (request.PartCase != SnapshotRequest.PartOneofCase.Rows)
                return Cut(answer);
            parts++;
            kept ??= answer.Rows[1].Key;
            if (answer.Rows.FirstOrDefault(r => r.Key == kept) is { } row)
                answer.Rows.Remove(row);
            return Cut(answer);
        });
        await FetchAsync(Cut);
        Assert.That(parts, Is.GreaterThan(2));
        Assert.That(_progress.Of(Liar).Complaint, Is.EqualTo("left state values out of a snapshot"));
        Assert.That(_progress.Of(3).Complaint, Is.Empty);
    }

    /// <summary>It calls nothing all there is. Of what is asked again another hostile one gives one part, from which it leaves a value out; the
    /// third, who gives the other parts, has that, too.</summary>
    [Test]
    public async Task ValueLeftOutOfOnePartOfARange_IsAskedOfWhoeverGaveTheOtherParts()
    {
        const int other = 2;
        bool omitted = false;
        _peers.Twist(Liar, (request, answer) =>
        {
            if (request.PartCase != SnapshotRequest.PartOneofCase.Rows)
                return Cut(answer);
            _peers.Disconnect(other);
            answer.Rows.Clear();
            answer.LastRows = true;
            return answer;
        });
        _peers.Twist(other, (request, answer) =>
        {
            if (request.PartCase != SnapshotRequest.PartOneofCase.Rows)
                return Cut(answer);
            _peers.Disconnect(other);
            omitted = true;
            answer.Rows.RemoveAt(1);
            return Cut(answer);
        });
        _peers.Twist(3, (request, answer) =>
        {
            _pace.Us += 20_000;
            if (request.PartCase == SnapshotRequest.PartOneofCase.Rows)
                _peers.Connect(other);
            return Cut(answer);
        });
        Assert.That(await RunAsync(), Is.Null);
        Assert.That(omitted);
        Assert.That(_progress.Of(3).Complaint, Is.Empty);
    }

    /// <summary>It gives the last range alone, quickly, without the last value, and is gone.</summary>
    [Test]
    public async Task ValueLeftOutAtTheEnd_IsLookedForThereFirst()
    {
        int ranges = 0;
        foreach (int honest in new[] { 2, 3 })
        {
            _peers.Twist(honest, (request, answer) =>
            {
                _pace.Us += 20_000;
                Cut(answer);
                if (request.PartCase != SnapshotRequest.PartOneofCase.Rows)
                    return answer;
                ranges++;
                if (Cut(_bed.Server.Answer(After(request, answer))).LastRows)
                    _peers.Connect(Liar);
                return answer;
            });
        }
        int before = 0;
        _peers.Twist(Liar, (request, answer) =>
        {
            _peers.Disconnect(Liar);
            if (request.PartCase == SnapshotRequest.PartOneofCase.Rows)
            {
                answer.Rows.RemoveAt(answer.Rows.Count - 1);
                before = ranges;
            }
            return answer;
        });
        Assert.That(await RunAsync(), Is.Null);
        Assert.That(before, Is.GreaterThan(RangesBefore));
        Assert.That(ranges, Is.EqualTo(before + 1));
        Assert.That(_progress.Of(Liar).Complaint, Is.EqualTo("left state values out of a snapshot"));
    }

    /// <summary>It gives half of the values or all, a little faster than the others, but for one that it leaves out, and is gone; and so again at
    /// each attempt. There is no time to ask for so many again, and what an honest one gave cannot be told from it.</summary>
    [Test]
    public async Task ValueLeftOut_ByWhoeverGaveMore_IsNotMissingAtEachAttempt([Values] bool givesAll)
    {
        const long honestUs = 20_000;
        int others = 0, given = 0, attempts = 0;
        foreach (int honest in new[] { 2, 3 })
        {
            _peers.Twist(honest, (request, answer) =>
            {
                _pace.Us += honestUs;
                others += request.PartCase == SnapshotRequest.PartOneofCase.Rows ? 1 : 0;
                return Cut(answer);
            });
        }
        _peers.Disconnect(Liar);
        Assert.That(await RunAsync(), Is.Null);
        int all = others;
        ulong waitMaxMs = (ulong)(_pace.Us - 2 * honestUs) / 1_000; // but for the offers
        _peers.Twist(Liar, (request, answer) =>
        {
            _pace.Us += honestUs - 1_000;
            if (request.PartCase == SnapshotRequest.PartOneofCase.Rows && ++given == (givesAll ? all : all / 2))
            {
                answer.Rows.RemoveAt(1);
                _peers.Disconnect(Liar);
            }
            return Cut(answer);
        });
        var plan = new SnapshotPlan(lagMin: 1);
        for (string? failure = ""; failure is not null; attempts++)
        {
            Assert.That(attempts, Is.LessThanOrEqualTo(2), "whoever gave with it is doubted, too: at first all, then one each time");
            (given, others) = (0, 0);
            _peers.Connect(Liar);
            failure = await RunAsync(plan, waitMaxMs);
        }
        Assert.That(attempts, Is.EqualTo(givesAll ? 2 : 3));
        Assert.That((given, others), Is.EqualTo((0, all)), "all from one who was not doubted");
    }

    /// <summary>It alone holds the newest, and gives its head.</summary>
    [Test]
    public async Task SilentAfterTheHead_WhatTheOthersHoldIsAskedFor()
    {
        int others = 0;
        foreach (int honest in new[] { 2, 3 })
        {
            ulong height = _bed.Tip - (ulong)honest;
            _peers.Twist(honest, (request, answer) =>
            {
                _pace.Us += 20_000;
                others += request.Height == height ? 1 : 0;
                return request.PartCase == SnapshotRequest.PartOneofCase.None
                    ? new SnapshotResponse { Held = SnapshotRules.WriteHeld([height]) } : new SnapshotResponse { Height = request.Height };
            });
        }
        _peers.Twist(Liar, (request, answer) =>
        {
            bool gives = request.PartCase is SnapshotRequest.PartOneofCase.None or SnapshotRequest.PartOneofCase.Head;
            _pace.Us += gives ? 1_000 : 10_000_000;
            return gives ? answer : null;
        });
        using DataDirectory directory = DataDirectory.Open(_bed.PathOf("n"), _bed.Ledger.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        store.Append(_bed.Ledger.Genesis.Block, certificate: null);
        var sync = new SnapshotSync(
            _bed.Ledger.Genesis, new ValidatorHistory(_bed.Ledger.Genesis.Validators, null), directory, new LedgerHead(store),
            new LedgerSources(_bed.Ledger.Genesis.Validators, _peers), _peers, _bed.Verifier, _progress, _pace, 20, NullLogger.Instance);
        await sync.TryAsync(1_000_000, CancellationToken.None);
        Assert.That(others, Is.EqualTo(4), "each in its turn, in the first search, and once more: it says that it has let go");
    }

    /// <summary>It offers the snapshot and goes; comes back, keeps a range to itself, and is asked again.</summary>
    private async Task FetchAsync(Func<SnapshotResponse, SnapshotResponse> again)
    {
        _peers.Twist(Liar, (request, answer) =>
        {
            if (request.PartCase == SnapshotRequest.PartOneofCase.None)
                _peers.Disconnect(Liar);
            if (request.PartCase != SnapshotRequest.PartOneofCase.Rows)
                return answer;
            if (_lied)
                return again(answer);
            _lied = true;
            _pace.Us += 1_000;
            _withheld.AddRange(answer.Rows);
            answer.Rows.Clear();
            answer.LastRows = true;
            return answer;
        });
        Assert.That(await RunAsync(), Is.Null);
    }

    /// <summary>The whole fetch; why it ended without a snapshot, or null.</summary>
    private async Task<string?> RunAsync(SnapshotPlan? plan = null, ulong waitMaxMs = SnapshotRules.FetchMs)
    {
        using DataDirectory directory = DataDirectory.Open(_bed.PathOf($"run-{++_runs}"), _bed.Ledger.Genesis.ChainId);
        using (LedgerStore store = LedgerStore.Open(directory))
            store.Append(_bed.Ledger.Genesis.Block, certificate: null);
        var peers = new SnapshotPeers(new LedgerSources(_bed.Ledger.Genesis.Validators, _peers), _peers, _progress, _pace, plan);
        Assert.That(await peers.FindAsync(0, CancellationToken.None), Is.EqualTo(_bed.Tip));
        using LedgerAssembly assembly = LedgerAssembly.Create(directory);
        var fetch = new SnapshotFetch(
            _bed.Ledger.Genesis, new ValidatorHistory(_bed.Ledger.Genesis.Validators, null), _bed.Verifier, peers, assembly, _bed.Tip)
        {
            AnswerBytesMax = AnswerBytesMax,
            WaitMaxMs = waitMaxMs,
        };
        return await fetch.RunAsync(CancellationToken.None);
    }

    /// <summary>What is asked for after an answer with rows.</summary>
    private static SnapshotRequest After(SnapshotRequest request, SnapshotResponse answer) =>
        new() { Height = request.Height, Rows = new StateRowsWanted { After = answer.LastRows ? request.Rows.After : answer.Rows[^1].Key } };

    /// <summary>As an honest node answers where answers are short.</summary>
    private static SnapshotResponse Cut(SnapshotResponse answer)
    {
        var rows = new AnswerLength(AnswerBytesMax);
        for (int i = 0; i < answer.Rows.Count; i++)
        {
            rows.Add(answer.Rows[i]);
            if (!rows.IsFull || i + 1 == answer.Rows.Count)
                continue;
            answer.LastRows = false;
            while (answer.Rows.Count > i + 1)
                answer.Rows.RemoveAt(i + 1);
        }
        var pages = new AnswerLength(AnswerBytesMax);
        for (int i = 0; i < answer.Pages.Count; i++)
        {
            pages.Add(answer.Pages[i]);
            while (pages.IsFull && answer.Pages.Count > i + 1)
                answer.Pages.RemoveAt(i + 1);
        }
        return answer;
    }
}
