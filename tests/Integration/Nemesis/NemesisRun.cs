using System.Diagnostics;
using GovChain.Client;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>
/// Departments with clerks at work, and what a bad night does to them: processes die or freeze, disks fill up, data are damaged,
/// the network divides, clocks jump; side by side, as a seed says. Then all is mended, every clerk learns what became of
/// what he asked for, and the checker compares what they were told with every department's ledger.
/// </summary>
internal sealed class NemesisRun : IAsyncDisposable
{
    private const int WorkersEach = 4;
    private const int SmallDiskMebibytes = 384;

    private static readonly TimeSpan WorkerPause = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DiskPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ClerksPatience = TimeSpan.FromMinutes(5);

    private readonly NemesisOptions _options;
    private readonly NemesisReport _report;
    private readonly TestNetwork _network;
    private readonly PeerMesh _mesh;
    private readonly NodeClocks _clocks;
    private readonly SmallDisk? _disk;
    private readonly int _diskOwner;
    private readonly NodeKiller _killer;
    private readonly DataDamage _damage;
    private readonly DamageBook _book;
    private readonly ClientProcess[] _clerks;
    private readonly Stopwatch _clock = new();
    private readonly Lock _gate = new();
    private readonly HashSet<int> _copied = [];
    private readonly int[] _down;

    private NemesisRun(
        NemesisOptions options, NemesisReport report, TestNetwork network, PeerMesh mesh, NodeClocks clocks, SmallDisk? disk, int diskOwner)
    {
        _options = options;
        _report = report;
        _network = network;
        _mesh = mesh;
        _clocks = clocks;
        _disk = disk;
        _diskOwner = diskOwner;
        _killer = new NodeKiller(network);
        _damage = new DataDamage(network.Layout);
        _book = new DamageBook(network, spared: diskOwner);
        _down = new int[options.Nodes];
        _clerks = [.. Enumerable.Range(0, options.Nodes).Select(
            i => ClientProcess.Clerk(network, i, TypeOf(i), WorkersEach, WorkerPause))];
    }

    private IReadOnlyList<DevnetDepartment> Departments => _network.Network.Departments;

    /// <summary>Starts the departments behind the proxies.</summary>
    public static async Task<NemesisRun> StartAsync(
        NemesisOptions options, NemesisReport report, string directory, CancellationToken cancellation)
    {
        var clocks = new NodeClocks(directory);
        var mesh = new PeerMesh(options.Nodes, options.Seed);
        SmallDisk? disk = null;
        int diskOwner = new Random(options.Seed).Next(options.Nodes);
        TestNetwork network = await TestNetwork.StartAsync(cancellation, async layout =>
        {
            mesh.Interpose(layout);
            (disk, string? missing) = await SmallDisk.TryMountAsync(
                layout.At(layout.Read()![diskOwner].Id, "data"), SmallDiskMebibytes);
            if (missing is not null)
                report.Skipped[nameof(FaultKind.FullDisk)] = missing;
        }, options.Nodes, clocks.EnvironmentOf);
        network.AfterStop = async () => await (disk?.DisposeAsync() ?? ValueTask.CompletedTask);
        if (clocks.Missing is not null)
            report.Skipped[nameof(FaultKind.ClockJump)] = clocks.Missing;
        return new NemesisRun(options, report, network, mesh, clocks, disk, diskOwner);
    }

    /// <summary>Does its worst, mends all, and checks; the report says what came of it.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        for (int i = 0; i < _options.Nodes; i++)
            await _network.DefineTypeAsync(i, TypeOf(i), cancellation);
        await _network.Network.WaitUntilLevelAsync(cancellation);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task clerks = Task.WhenAll(_clerks.Select(c => c.RunAsync(over.Token)));
        Task watch = WatchAsync(clerks, over.Token);
        Task faults = DoItsWorstAsync(over.Token);
        GetStatusResponse[] statuses;
        try
        {
            await await Task.WhenAny(faults, watch);
            _report.Seconds = Math.Round(_clock.Elapsed.TotalSeconds, 1);
            _mesh.Heal();
            statuses = await SettleAsync(clerks, cancellation);
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(clerks, faults, watch).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
        await watch;
        await _network.StopNodesAsync();
        await new NemesisCheck(_network, _clerks, _book.All, _report).RunAsync(statuses, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _network.DisposeAsync();
        await _mesh.DisposeAsync();
    }

    /// <summary>Waits until all nodes answer, every open question is answered, and all nodes stand at one height.</summary>
    private async Task<GetStatusResponse[]> SettleAsync(Task clerks, CancellationToken cancellation)
    {
        await _killer.WhenReadyAsync();
        foreach (ClientProcess clerk in _clerks)
            clerk.Finish();
        await clerks;
        await _network.Network.WaitUntilLevelAsync(cancellation);
        _report.SecondsToSettle = Math.Round(_clock.Elapsed.TotalSeconds - _report.Seconds, 1);
        return await Task.WhenAll(Enumerable.Range(0, _options.Nodes).Select(i => StatusAsync(i, cancellation)));
    }

    private async Task<GetStatusResponse> StatusAsync(int node, CancellationToken cancellation)
    {
        using LedgerClient client = _network.Network.ConnectClient(node);
        return await client.GetStatusAsync(cancellation);
    }

    private static string TypeOf(int department) => RecordGenerator.TypeOf(department);

    /// <summary>All tracks side by side, once every clerk was told of a first record: before that nothing could be lost.</summary>
    private async Task DoItsWorstAsync(CancellationToken cancellation)
    {
        await DiaryEntry.UntilEachIsToldAsync([.. _clerks.Select(c => c.File)], ClerksPatience, cancellation);
        _report.BeganAtMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        _clock.Start();
        // A track that fails ends the run: what the others do until the counts are reached would never end.
        await foreach (Task track in Task.WhenEach(Enum.GetValues<Track>().Select(t => FollowAsync(t, cancellation))))
            await track;
    }

    /// <summary>One fault of a track after the other, until there were enough.</summary>
    private async Task FollowAsync(Track track, CancellationToken cancellation)
    {
        if (track == Track.Clocks && _clocks.Missing is not null)
            return;
        var schedule = new FaultSchedule(track, _options.Nodes, _options.Seed);
        while (GoesOn())
        {
            Fault fault = schedule.Next();
            double from = _clock.Elapsed.TotalSeconds;
            (IReadOnlyList<int> whom, string note, bool done) = await StrikeAsync(fault, cancellation);
            Report(track, fault, whom, from, note, done);
            await Task.Delay(fault.PauseMs, cancellation);
            while (fault.WaitForAll && track == Track.Processes && !_killer.AllReady)
                await Task.Delay(Look, cancellation);
        }
    }

    private bool GoesOn()
    {
        lock (_gate)
        {
            return _clock.Elapsed < _options.Length || _report.NodesKilled < _options.Kills
                || _report.Partitions < _options.Partitions;
        }
    }

    private async Task<(IReadOnlyList<int> Whom, string Note, bool Done)> StrikeAsync(Fault fault, CancellationToken cancellation)
    {
        var length = TimeSpan.FromMilliseconds(fault.LengthMs);
        switch (fault.Kind)
        {
            case FaultKind.KillNode or FaultKind.KillAll:
                await KillAsync(fault.Nodes, length, cancellation);
                return (fault.Nodes, "", true);
            case FaultKind.KillLeader:
                int leader = await _killer.LeaderAsync(fault.Nodes[0], cancellation);
                await KillAsync([leader], length, cancellation);
                return ([leader], "", true);
            case FaultKind.KillClient:
                return (fault.Nodes, "", _clerks[fault.Nodes[0]].TryKill());
            case FaultKind.Freeze:
                await FreezeAsync(fault.Nodes[0], length, cancellation);
                return (fault.Nodes, "", true);
            case FaultKind.FullDisk:
                return await FillDiskAsync(cancellation);
            case FaultKind.ClockJump:
                return await JumpAsync(fault, length, cancellation);
            default:
                return fault.IsDamage
                    ? await DamageAsync(fault, length, cancellation)
                    : await DisturbAsync(fault, length, cancellation);
        }
    }

    private async Task KillAsync(
        IReadOnlyList<int> nodes, TimeSpan down, CancellationToken cancellation, Func<Task>? meanwhile = null)
    {
        MarkDown(nodes, 1);
        await _killer.KillAsync(nodes, down, cancellation, meanwhile);
        MarkDown(nodes, -1);
        lock (_gate)
        {
            _report.NodesKilled += nodes.Count;
            _report.KillFaults++;
        }
    }

    private async Task FreezeAsync(int node, TimeSpan length, CancellationToken cancellation)
    {
        int process = _network.Network.Processes[node].Id;
        ProcessSignal.Freeze(process);
        try
        {
            await Task.Delay(length, cancellation);
        }
        finally
        {
            ProcessSignal.Thaw(process);
        }
    }

    /// <summary>The node has to stop when it cannot write; with room again it goes on.</summary>
    private async Task<(IReadOnlyList<int>, string, bool)> FillDiskAsync(CancellationToken cancellation)
    {
        if (_disk is null)
            return ([_diskOwner], "skipped", false);
        MarkDown([_diskOwner], 1);
        _disk.Fill();
        NodeProcess node = _network.Network.Processes[_diskOwner];
        var since = Stopwatch.StartNew();
        while (!node.HasExited && since.Elapsed < DiskPatience)
            await Task.Delay(Look, cancellation);
        bool stopped = node.HasExited;
        string note = stopped ? $"it stopped with {await node.Exited}" : "nothing had to be written: it went on";
        _disk.MakeRoom();
        if (stopped)
            _killer.Launch(_diskOwner, cancellation);
        MarkDown([_diskOwner], -1);
        return ([_diskOwner], note, true);
    }

    private async Task<(IReadOnlyList<int>, string, bool)> JumpAsync(Fault fault, TimeSpan length, CancellationToken cancellation)
    {
        DevnetDepartment department = Departments[fault.Nodes[0]];
        _clocks.Set(department, TimeSpan.FromMilliseconds(fault.Amount));
        await Task.Delay(length, cancellation);
        _clocks.Set(department, TimeSpan.Zero);
        return (fault.Nodes, $"{fault.Amount / 1000.0:+0.0;-0.0} s", true);
    }

    private async Task<(IReadOnlyList<int>, string, bool)> DisturbAsync(Fault fault, TimeSpan length, CancellationToken cancellation)
    {
        IReadOnlyList<int> group = fault.Nodes;
        int[] others = [.. Enumerable.Range(0, _options.Nodes).Except(group)];
        LineState state = fault.Kind switch
        {
            FaultKind.Cut => new LineState(Refused: true),
            FaultKind.Delay => new LineState(DelayMs: fault.Amount, JitterMs: fault.Amount),
            FaultKind.Loss => new LineState(LossPercent: fault.Amount),
            _ => new LineState(Stalled: true),
        };
        _mesh.Set(group, others, state);
        if (fault.Kind != FaultKind.OneWay)
            _mesh.Set(others, group, state);
        await Task.Delay(length, cancellation);
        _mesh.Heal();
        string note = fault.Kind switch
        {
            FaultKind.Delay => $"{fault.Amount} to {2 * fault.Amount} ms",
            FaultKind.Loss => $"{fault.Amount} %",
            FaultKind.OneWay => "to the others",
            _ => "from the others",
        };
        return (group, note, true);
    }

    /// <summary>Damages one department's data, if no more than f are then without votes that they gave.</summary>
    private async Task<(IReadOnlyList<int>, string, bool)> DamageAsync(Fault fault, TimeSpan down, CancellationToken cancellation)
    {
        int? victim = await _book.VictimAsync(fault.Nodes[0], cancellation);
        if (victim is not { } node)
            return (fault.Nodes, "not done: so many departments abstain already", false);
        DevnetDepartment department = Departments[node];
        if (fault.Kind == FaultKind.DataPutBack && _copied.Add(node))
        {
            await KillAsync([node], TimeSpan.Zero, cancellation, () =>
            {
                _damage.Copy(department);
                return Task.CompletedTask;
            });
            await Task.Delay(TimeSpan.FromSeconds(2), cancellation);
        }
        await _book.BeginAsync(node, cancellation);
        string note = "";
        MarkDown([node], 1); // until it answers: a start may refuse what was done to it
        await KillAsync([node], down, cancellation, () =>
        {
            note = _damage.Apply(fault.Kind, department, fault.Amount);
            return Task.CompletedTask;
        });
        if (!await StartsAsync(node))
        {
            note += $"; the start refused it, {await _damage.RepairAsync(department)}";
            _killer.Launch(node, cancellation);
            await _killer.WhenReadyAsync(node);
        }
        _book.End();
        MarkDown([node], -1);
        return ([node], note, true);
    }

    /// <summary>Whether a node that was just launched answers; false if it ended instead.</summary>
    private async Task<bool> StartsAsync(int node)
    {
        try
        {
            await _killer.WhenReadyAsync(node);
            return true;
        }
        catch (CommandException)
        {
            return false;
        }
    }

    /// <summary>Who is down because the nemesis wants it so.</summary>
    private void MarkDown(IEnumerable<int> nodes, int by)
    {
        foreach (int node in nodes)
            Interlocked.Add(ref _down[node], by);
    }

    /// <summary>Says how it goes, and ends the run where a process ended by itself.</summary>
    private async Task WatchAsync(Task clerks, CancellationToken cancellation)
    {
        var shown = Stopwatch.StartNew();
        while (!cancellation.IsCancellationRequested)
        {
            if (clerks.IsFaulted)
                await clerks;
            for (int i = 0; i < _options.Nodes; i++)
            {
                NodeProcess process = _network.Network.Processes[i];
                if (process.Exited.IsCompleted && Volatile.Read(ref _down[i]) == 0 && _network.Network.Processes[i] == process)
                    Assert.Fail($"{Departments[i].Id} ended by itself with {await process.Exited}:\n{process.LastLines}");
            }
            if (shown.Elapsed > ProgressEvery)
            {
                shown.Restart();
                TestContext.Progress.WriteLine(
                    $"{_clock.Elapsed.TotalSeconds:0} s: {_report.NodesKilled} kills, {_report.Partitions} partitions, "
                    + $"{_clerks.Sum(c => c.CountLines())} lines in the clerks' diaries");
            }
            await Task.Delay(Look, cancellation).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private void Report(Track track, Fault fault, IReadOnlyList<int> whom, double from, string note, bool done)
    {
        lock (_gate)
        {
            if (done)
            {
                string kind = fault.Kind.ToString();
                _report.ByKind[kind] = _report.ByKind.GetValueOrDefault(kind) + 1;
                if (fault.IsPartition)
                    _report.Partitions++;
            }
            _report.Faults.Add(new FaultReport(
                track, fault.Kind, [.. whom.Select(n => Departments[n].Id)], Math.Round(from, 2),
                Math.Round(_clock.Elapsed.TotalSeconds, 2), note));
        }
    }
}
