using System.Diagnostics;
using System.Runtime.Versioning;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Specification;

/// <summary>
/// Goal: ./soak runs what it was asked for, or says in a line why not. Method: the script itself, with a dotnet of ours in front of the real
/// one that prints what it was called with.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class SoakTests
{
    private const string Dotnet = """
        #!/usr/bin/env bash
        for name in SEED SAMPLES FULL ROUNDS RECORDS NODES LENGTH KILLS PARTITIONS CASES STEPS; do [ -z "${!name:-}" ] || printf '%s=%s ' "$name" "${!name}"; done
        echo "dotnet $*"

        """;

    private readonly string _files = Directory.CreateTempSubdirectory("govchain-soak-").FullName;

    [SetUp]
    public void PutOursInFront()
    {
        string dotnet = Path.Combine(_files, "dotnet");
        File.WriteAllText(dotnet, Dotnet);
        File.SetUnixFileMode(dotnet, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    [TearDown]
    public void RemoveFiles() => Directory.Delete(_files, recursive: true);

    [TestCase("nothing", "soak: there is no 'nothing'; ./soak --help has them all")]
    [TestCase("twins --seed 5", "soak: 'twins' does not take '--seed'; ./soak --help has what it takes")]
    [TestCase("twins --seed 1 --seed 2", "soak: 'twins' does not take '--seed'; ./soak --help has what it takes")]
    [TestCase("joining --rounds 5", "soak: 'joining' does not take '--rounds'; ./soak --help has what it takes")]
    [TestCase("fuzz --json", "soak: 'fuzz' does not take '--json'; ./soak --help has what it takes")]
    [TestCase("nemesis 60", "soak: 'nemesis' does not take '60'; ./soak --help has what it takes")]
    [TestCase("nemesis --seconds abc", "soak: --seconds 'abc' is no whole number above 0")]
    [TestCase("rules --steps 0", "soak: --steps '0' is no whole number above 0")]
    [TestCase("nemesis --seconds 0", "soak: --seconds '0' is no whole number above 0")]
    [TestCase("nemesis --seconds 010", "soak: --seconds '010' is no whole number above 0")]
    [TestCase("nemesis --seconds", "soak: --seconds '' is no whole number above 0")]
    [TestCase("nemesis --seconds 2147483648", "soak: --seconds '2147483648' is no whole number above 0")]
    [TestCase("nemesis --seed x", "soak: --seed 'x' is no whole number")]
    [TestCase("nemesis --seed SEED", "soak: --seed 'SEED' is no whole number")]
    [TestCase("nemesis --kills -1", "soak: --kills '-1' is no whole number from 0 on")]
    [TestCase("nemesis --nodes 5", "soak: --nodes '5' is neither 4 nor 7")]
    [TestCase("nemesis --seed 1 --seed 2", "soak: --seed is given twice")]
    [TestCase("bugs --json --json", "soak: --json is given twice")]
    [TestCase("bugs --bug", "soak: --bug needs a value")]
    [TestCase("kill-rounds --records most", "soak: --records 'most' is neither 'all' nor a whole number above 0")]
    [TestCase("kill-rounds --rounds 0", "soak: --rounds '0' is no whole number above 0")]
    [TestCase("fuzz --target peer-frame --input 0g", "soak: --input '0g' is not hexadecimal")]
    [TestCase("fuzz --input 00", "soak: --input needs --target")]
    [TestCase("fuzz --target peer-frame --input 00 --seed 1", "soak: --input is one input: --seed and --seconds do not go with it")]
    public async Task Soak_WhatItDoesNotTake_IsRefusedInOneLine(string arguments, string expected)
    {
        (int code, string output, string error) = await RunAsync(arguments);
        Assert.That((code, output, error), Is.EqualTo((2, "", expected + "\n")));
    }

    [TestCase("twins", "dotnet run -c Release --project tests/Simulation -- --twins")]
    [TestCase("signatures --cases 500 --seed -3", "SEED=-3 CASES=500 dotnet test tests/Unit")]
    [TestCase("rules", "STEPS=1000000 dotnet test tests/Unit")]
    [TestCase("rules --seed 7 --steps 500", "SEED=7 STEPS=500 dotnet test tests/Unit")]
    [TestCase("storage-faults --samples 30", "SAMPLES=30 dotnet test tests/Faults")]
    [TestCase("storage-faults", "FULL=1 dotnet test tests/Faults")]
    [TestCase("kill-rounds --records all --rounds 1 --report FILES/r.json", "ROUNDS=1 RECORDS=all dotnet test tests/Integration")]
    [TestCase("nemesis --seconds 45 --seed 0 --nodes 7 --report FILES/r.json", "SEED=0 NODES=7 LENGTH=45 dotnet test tests/Integration")]
    [TestCase("nemesis --kills 200 --partitions 0 --report FILES/r.json", "NODES=4 KILLS=200 PARTITIONS=0 dotnet test tests/Integration")]
    [TestCase("bugs --json --seeds 5 --bug stale-timer", "dotnet run -c Release --project tests/Mutants -- --seeds 5 --bug stale-timer --json")]
    [TestCase("fuzz --seconds 3600", "dotnet run -c Release --project tests/Fuzzing -- --seconds 3600")]
    [TestCase("fuzz --target peer-frame --input 00fF", "dotnet run -c Release --project tests/Fuzzing -- --target peer-frame --input 00fF")]
    public async Task Soak_WhatItTakes_ReachesTheTests(string arguments, string expected)
    {
        (int code, string output, string error) = await RunAsync(arguments.Replace("FILES", _files, StringComparison.Ordinal));
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output, Does.StartWith(expected));
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(string arguments)
    {
        var start = new ProcessStartInfo(Repository.PathOf("soak"), arguments.Split(' ')) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        start.Environment["PATH"] = $"{_files}:{Environment.GetEnvironmentVariable("PATH")}";
        using Process soak = Process.Start(start)!;
        Task<string> output = soak.StandardOutput.ReadToEndAsync(), error = soak.StandardError.ReadToEndAsync();
        await soak.WaitForExitAsync();
        return (soak.ExitCode, await output, await error);
    }
}
