using NUnit.Framework;

namespace GovChain.Tests.Faults;

/// <summary>
/// Goal: whatever call to the disk fails, and whenever process or power goes, the storage layer stops rather than
/// acknowledge what is not durable, and opens again with everything acknowledged (consensus.md section 7, architecture.md
/// section 9). Method: the real layer, RocksDB's native code included, in a process of its own under faultfs.c. Each call
/// is failed once, and each crash point's disk is made from the trace of the calls. By default a sample from a printed
/// seed; with FULL=1 every call of every class.
/// </summary>
[TestFixture]
internal sealed class StorageFaultTest
{
    /// <summary>Two openings, so that recovery itself is under faults too.</summary>
    private static readonly string[] Heights = ["3", "6"];

    private static readonly int Samples = FaultStage.Samples(2);

    /// <summary>FAULT=CLASS:INDEX:KIND tries this one again.</summary>
    private static readonly string? OneFault = Environment.GetEnvironmentVariable("FAULT");

    private static readonly (string Class, string[] Kinds)[] Faults =
    [
        ("write", ["eio", "enospc", "full", "short", "torn", "kill"]),
        ("sync", ["eio", "kill"]),
        ("create", ["eio", "full", "kill"]),
        ("rename", ["eio", "kill", "killed"]),
        ("mkdir", ["eio", "enospc", "kill"]),
        ("truncate", ["eio", "kill"]),
        ("unlink", ["eio", "kill"]),
        ("allocate", ["enospc", "kill"]),
    ];

    private FaultStage _stage = null!;
    private FaultRun _clean = null!;

    [OneTimeSetUp]
    public void RunWithoutFaults()
    {
        _stage = new FaultStage(9);
        TestContext.Out.WriteLine(FaultStage.Again(Samples));
        string root = _stage.NewRoot();
        _clean = Drive(root, "");
        Assert.That(_clean.ExitCode, Is.Zero, _clean.Error);
        CompareWithFiles(root, _clean.Calls);
        Assert.That(_clean.Calls.Last(c => c.Op == TraceOp.Acknowledge).Text, Does.StartWith("pruning"));
        TestContext.Out.WriteLine($"calls of a run: {string.Join(", ", Faults.Select(f => $"{f.Class} {Count(f.Class)}"))}");
    }

    [OneTimeTearDown]
    public void RemoveFiles() => _stage?.Dispose();

    [Test]
    public async Task Call_FailedOnce_StopsOrIsAbsorbed_AndEverythingAcknowledgedIsThereAfterwards()
    {
        var random = new Random(FaultStage.Seed);
        List<(string Class, string Kind, string Fault)> faults =
        [
            .. Faults.SelectMany(f => Enumerable.Range(1, Count(f.Class))
                .SelectMany(i => f.Kinds.Select(k => (f.Class, k, $"{f.Class}:{i}:{k}")))),
        ];
        if (OneFault is not null)
            faults = [("", "", OneFault)];
        else if (!FaultStage.Full)
            faults = Sample(faults, f => f.Class, random);
        var problems = new List<string>();
        var ends = new SortedDictionary<string, int>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(faults, async (fault, _) =>
        {
            string end = await TryAsync(fault.Fault, problems);
            string key = $"{fault.Class} {fault.Kind}: {end}";
            lock (ends)
            {
                ends[key] = ends.GetValueOrDefault(key) + 1;
                Progress("failed calls", ends.Values.Sum(), faults.Count, problems.Count);
            }
        });
        foreach ((string key, int count) in ends)
            TestContext.Out.WriteLine($"{key} {count}");
        Assert.That(problems, Is.Empty);
    }

    /// <summary>Faults that once lost what counted as durable, or come close to it.</summary>
    [TestCase("sync@/votes:2:eio", "stopped", Description = "The group is read back from memory; no later sync would write it.")]
    [TestCase("sync@/tip:3:eio", "stopped", Description = "The tip is read back from memory; the next block must not run ahead.")]
    [TestCase("mkdir:2:killed", "killed", Description = "The directories above are as new as the data directory.")]
    [TestCase("mkdir@/justifications:1:killed", "killed", Description = "The folder is there, and its name not durable: what is kept in it next must be.")]
    [TestCase("rename@/votes:2:kill", "killed", Description = "The pruned journal is complete and not yet in place.")]
    public async Task Call_KnownToBeDangerous_LosesNothing(string fault, string end)
    {
        var problems = new List<string>();
        Assert.That(await TryAsync(fault, problems), Is.EqualTo(end));
        Assert.That(problems, Is.Empty);
    }

    [Test]
    public async Task Crash_AfterAnyCall_LeavesEverythingAcknowledged()
    {
        var random = new Random(FaultStage.Seed);
        Crash[] crashes = Enum.GetValues<Crash>();
        List<(int Calls, Crash Crash)> points =
        [
            .. Enumerable.Range(0, _clean.Calls.Count + 1).Where(n => n == 0 || _clean.Calls[n - 1].Class is not null)
                .SelectMany(n => crashes.Select(c => (n, c))),
        ];
        if (!FaultStage.Full)
            points = [.. Sample(points, p => p.Crash, random, perGroup: Samples).OrderBy(p => p.Calls)];
        var problems = new List<string>();
        var medium = new Medium();
        var acknowledged = new Acknowledged();
        int done = 0, examined = 0;
        foreach ((int calls, Crash crash) in points)
        {
            for (; done < calls; done++)
                medium.Apply(_clean.Calls[done], acknowledged);
            if (await ExamineAsync(medium, crash, random, acknowledged) is { } problem)
                problems.Add($"{crash} crash after call {calls} ({_clean.Calls[calls - 1]}); {acknowledged}: {problem}");
            Progress("crashes", ++examined, points.Count, problems.Count);
        }
        TestContext.Out.WriteLine($"{points.Count} crashes of {_clean.Calls.Count} calls examined");
        Assert.That(problems, Is.Empty);
    }

    /// <summary>The examination can fail: on a disk that takes a sync for done and does nothing, the loss is seen.</summary>
    [TestCase("votes")]
    [TestCase("tip")]
    [TestCase(".log")]
    public async Task Crash_OnADiskThatIgnoresTheSyncsOfAFile_IsFound(string file)
    {
        var medium = new Medium();
        var acknowledged = new Acknowledged();
        int newest = _clean.Calls.FindLastIndex(c => c.Says("block"));
        foreach (TraceRecord call in _clean.Calls.Take(newest + 1))
        {
            if (call.Op != TraceOp.Sync || !call.Path.EndsWith(file, StringComparison.Ordinal))
                medium.Apply(call, acknowledged);
        }
        string? problem = await ExamineAsync(medium, Crash.Unsynced, new Random(FaultStage.Seed), acknowledged);
        TestContext.Out.WriteLine(problem);
        Assert.That(problem, Is.Not.Null);
    }

    /// <summary>
    /// Runs under one fault, and starts again. Power goes when the process stops, when it has opened again, and at the end;
    /// each time everything acknowledged until then must be there.
    /// </summary>
    private async Task<string> TryAsync(string fault, List<string> problems)
    {
        string root = _stage.NewRoot();
        FaultRun run = Drive(root, fault);
        List<TraceRecord> calls = run.Calls;
        bool mustDie = run.Reached && fault[(fault.LastIndexOf(':') + 1)..] is "torn" or "kill" or "killed";
        string end = !run.Reached ? "not reached"
            : run.Killed ? "killed"
            : run.ExitCode == Program.Stopped || run.Stops > 0 ? "stopped"
            : "absorbed";
        if (OneFault is not null)
            TestContext.Out.WriteLine($"{fault} is {run.FailedCall}, {end}");
        var random = new Random(FaultStage.Seed);
        var medium = new Medium();
        var acknowledged = new Acknowledged();
        int deadAfter = calls.Count;
        if (run.Killed != mustDie || (run.ExitCode is not (0 or Program.Stopped) && !run.Killed))
            Report($"ended with {run.ExitCode}");
        if (run.Killed || run.ExitCode == Program.Stopped)
        {
            FaultRun again = Drive(root, "");
            if (again.ExitCode != 0)
                Report($"started again it ended with {again.ExitCode}: {again.Error.Trim()}");
            calls = [.. calls, .. again.Calls];
        }
        bool stopped = false, opened = false, tipWritten = false;
        for (int i = 0; i < calls.Count; i++)
        {
            if (!stopped && (i == deadAfter || calls[i].Says(Acknowledged.Stop)))
            {
                stopped = true;
                await CutAsync("when it had stopped", Crash.Unsynced, Crash.NamesFirst, Crash.Torn);
            }
            if (opened && !tipWritten && calls[i] is { Op: TraceOp.Write } write && write.Path.EndsWith("/tip", StringComparison.Ordinal))
            {
                tipWritten = true;
                await CutAsync("between the next block and its tip", Crash.Unsynced);
            }
            medium.Apply(calls[i], acknowledged);
            if (stopped && !opened && calls[i].Says("journal"))
            {
                opened = true;
                await CutAsync("when it had opened again", Crash.Unsynced);
            }
        }
        await CutAsync("at the end", Crash.Unsynced, Crash.Torn);
        if (await Recovery.ExamineAsync(DataOf(root), _stage.Script, acknowledged) is { } left)
            Report(left);
        Directory.Delete(root, recursive: true);
        return end;

        async Task CutAsync(string when, params Crash[] crashes)
        {
            foreach (Crash crash in crashes)
            {
                if (await ExamineAsync(medium, crash, random, acknowledged) is { } problem)
                    Report($"power cut ({crash}) {when}, acknowledged {acknowledged}: {problem}");
            }
        }

        void Report(string problem)
        {
            string text = $"{fault} ({run.FailedCall}), {end}: {problem} [{run.Error.Trim()}]";
            lock (problems)
                problems.Add(text);
            // Of a run of an hour the first problem is wanted at once.
            TestContext.Progress.WriteLine($"seed {FaultStage.Seed}: {text}");
        }
    }

    private async Task<string?> ExamineAsync(Medium medium, Crash crash, Random random, Acknowledged acknowledged)
    {
        string root = _stage.NewRoot();
        medium.Leave(root, crash, random);
        string? problem = await Recovery.ExamineAsync(DataOf(root), _stage.Script, acknowledged);
        Directory.Delete(root, recursive: true);
        return problem;
    }

    private FaultRun Drive(string root, string fault) => _stage.Layer.Drive(root, fault, ["drive", _stage.ScriptFile, DataOf(root), .. Heights]);

    /// <summary>The layer sees everything: the files made from the trace are the files that are there, byte by byte.</summary>
    internal static void CompareWithFiles(string root, List<TraceRecord> calls)
    {
        var medium = new Medium();
        calls.ForEach(medium.Apply);
        Assert.That(medium.Visible.Select(f => f.Path).Order(StringComparer.Ordinal),
            Is.EqualTo(Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(root, f)).Order(StringComparer.Ordinal)));
        foreach ((string path, ReadOnlyMemory<byte> content) in medium.Visible)
            Assert.That(content.Span.SequenceEqual(File.ReadAllBytes(Path.Combine(root, path))), Is.True, path);
    }

    /// <summary>As many of each group, and at least one.</summary>
    private static List<T> Sample<T, TGroup>(List<T> all, Func<T, TGroup> group, Random random, int? perGroup = null)
    {
        T[] shuffled = [.. all];
        random.Shuffle(shuffled);
        return perGroup is { } each
            ? [.. shuffled.GroupBy(group).SelectMany(g => g.Take(Math.Max(each, 1)))]
            : [.. shuffled.GroupBy(group).SelectMany(g => g.Select((item, rank) => (item, rank)))
                .OrderBy(i => i.rank).Take(Samples).Select(i => i.item)];
    }

    private int Count(string @class) => _clean.Calls.Count(c => c.Class == @class);

    /// <summary>The data directory is two levels deep and made on the way: its parents' names must be durable too.</summary>
    private static string DataOf(string root) => Path.Combine(root, "departments", "land", "data");

    private static void Progress(string what, int done, int all, int problems)
    {
        if (FaultStage.Full && (done % 50 == 0 || done == all))
            TestContext.Progress.WriteLine($"{done} of {all} {what}, {problems} problems");
    }
}
