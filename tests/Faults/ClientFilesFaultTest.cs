using GovChain.Client.Import;
using GovChain.Client.Keys;
using NUnit.Framework;

namespace GovChain.Tests.Faults;

/// <summary>
/// Goal: whatever call to the disk fails, and whenever process or power goes, a key file is whole once it was said to be
/// written, and an import remembers every signing that may have been sent: one that it forgot could be made a second time.
/// Method: that of <see cref="StorageFaultTest"/>; the calls are so few that every cut is examined.
/// </summary>
[TestFixture]
[Category(TestGroup.StorageFaults)]
internal sealed class ClientFilesFaultTest
{
    private static readonly int Samples = FaultStage.Samples(6);
    private static readonly string[] Kinds = ["eio", "kill", "killed"];

    private FaultStage _stage = null!;
    private List<TraceRecord> _calls = [];

    [OneTimeSetUp]
    public void RunWithoutFaults()
    {
        _stage = new FaultStage(1);
        TestContext.Out.WriteLine(FaultStage.Again(Samples));
        string root = _stage.NewRoot();
        FaultRun clean = Drive(root, "");
        Assert.That(clean.ExitCode, Is.Zero, clean.Error);
        StorageFaultTest.CompareWithFiles(root, clean.Calls);
        _calls = clean.Calls;
        Assert.That(_calls.Count(static c => c.Says("attempt")), Is.EqualTo(ClientWorkload.Events));
    }

    [OneTimeTearDown]
    public void RemoveFiles() => _stage?.Dispose();

    [Test]
    public void Crash_AfterAnyCall_LeavesWhatWasAcknowledged()
    {
        var problems = new List<string>();
        int examined = Cut(_calls, static _ => true, problems);
        TestContext.Out.WriteLine($"{examined} crashes of {_calls.Count} calls examined");
        Assert.That(problems, Is.Empty);
    }

    [Test]
    public void Call_FailedOnce_SaysSo_AndNothingAcknowledgedIsLost()
    {
        string[] faults =
        [
            .. _calls.Where(static c => c.Class is not null).GroupBy(static c => c.Class!).SelectMany(static g =>
                Enumerable.Range(1, g.Count()).SelectMany(i => Kinds.Select(k => $"{g.Key}:{i}:{k}"))),
        ];
        if (!FaultStage.Full)
        {
            new Random(FaultStage.Seed).Shuffle(faults);
            faults = faults[..Math.Min(Samples, faults.Length)];
        }
        var problems = new List<string>();
        foreach (string fault in faults)
        {
            FaultRun run = Drive(_stage.NewRoot(), fault);
            string end = $"{fault} ({run.FailedCall}), ended with {run.ExitCode} [{run.Error.Trim()}]";
            if (run is { Killed: false, ExitCode: not (0 or Program.Stopped) })
                problems.Add(end);
            var found = new List<string>();
            Cut(run.Calls, c => c == run.Calls[^1] || c.Op == TraceOp.Acknowledge, found);
            problems.AddRange(found.Select(f => $"{end}: {f}"));
        }
        TestContext.Out.WriteLine($"{faults.Length} failed calls examined");
        Assert.That(problems, Is.Empty);
    }

    /// <summary>The examination can fail.</summary>
    [TestCase("departments")]
    [TestCase("departments/land/keys")]
    [TestCase("departments/land/imports")]
    [TestCase("departments/land/imports/register.state")]
    public void Crash_OnADiskThatIgnoresTheSyncsOfAName_IsFound(string name)
    {
        var problems = new List<string>();
        Cut([.. _calls.Where(c => c.Op is not (TraceOp.Sync or TraceOp.SyncDirectory) || c.Path != name)], static _ => true, problems);
        Assert.That(problems, Is.Not.Empty);
    }

    /// <summary>Cuts the power after each call that is chosen, in every way; says how often.</summary>
    private int Cut(List<TraceRecord> calls, Func<TraceRecord, bool> after, List<string> problems)
    {
        var random = new Random(FaultStage.Seed);
        var medium = new Medium();
        var acknowledged = new Acknowledged();
        int examined = 0;
        foreach (TraceRecord call in calls)
        {
            medium.Apply(call, acknowledged);
            foreach (Crash crash in after(call) ? Enum.GetValues<Crash>() : [])
            {
                string root = _stage.NewRoot();
                medium.Leave(root, crash, random);
                if (Examine(DataOf(root), acknowledged) is { } problem)
                    problems.Add($"{crash} crash after {call}: {problem}");
                Directory.Delete(root, recursive: true);
                examined++;
            }
        }
        return examined;
    }

    /// <summary>Null if everything acknowledged is there, and what is there can be used or says nothing.</summary>
    private static string? Examine(string path, Acknowledged acknowledged)
    {
        try
        {
            string key = ClientWorkload.KeyOf(path);
            if (acknowledged.Key || (File.Exists(key) && new FileInfo(key).Length > 0))
            {
                if (!OperatingSystem.IsWindows() && File.Exists(key))
                    File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite); // modes are not traced
                using Passphrase passphrase = ClientWorkload.NewPassphrase();
                KeyFile.Open(key, passphrase).Dispose();
            }
            using ImportState memory = ClientWorkload.OpenMemory(path);
            if (acknowledged.Base && !(memory.HasBase && memory.Base.ContainsKey("R-0")))
                return "the records that stood before are forgotten";
            return acknowledged.Attempts.Where(i => memory.AttemptsOf(i).Count == 0).Select(static i => $"the signing of event {i} is forgotten").FirstOrDefault();
        }
        catch (Exception e) when (e is KeyFileException or ImportFileException or IOException)
        {
            return e.Message;
        }
    }

    private FaultRun Drive(string root, string fault) => _stage.Layer.Drive(root, fault, "client", DataOf(root));

    private static string DataOf(string root) => Path.Combine(root, "departments", "land");
}
