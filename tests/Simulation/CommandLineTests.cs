using NUnit.Framework;

namespace GovChain.Tests.Simulation;

/// <summary>Goal: what the simulator's command line says is done, or refused with the reason; nothing of it is ignored.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CommandLineTests
{
    [TestCase("")]
    [TestCase("--seeds 10 --from 3 --validators 7 --without loss --duration-ms 5000 --transactions 9 --changes --snapshots --ecdsa --json")]
    [TestCase("--trace 3 --validators 7 --without loss --duration-ms 5000 --transactions 9 --changes --snapshots --ecdsa")]
    [TestCase("--validators 4 --shrink 3")]
    [TestCase("--play all")]
    [TestCase("--mutations --json")]
    [TestCase("--json --twins")]
    [TestCase("--journal --json")]
    [TestCase("--model --json")]
    [TestCase("--sizes --validators 7 --json")]
    [TestCase("--trace 3 --json --help")]
    public void TryParse_WhatIsDone_IsTaken(string line)
    {
        Assert.That(Parse(line, out string? error), Is.Not.Null, error);
        Assert.That(error, Is.Null);
    }

    [TestCase("--trace 3 --json", "'--trace' does not go with '--json'.")]
    [TestCase("--json --shrink 3", "'--shrink' does not go with '--json'.")]
    [TestCase("--play all --json", "'--play' does not go with '--json'.")]
    [TestCase("--play all --validators 4", "'--play' does not go with '--validators'.")]
    [TestCase("--trace 3 --seeds 10", "'--trace' does not go with '--seeds'.")]
    [TestCase("--from 3 --shrink 3", "'--shrink' does not go with '--from'.")]
    [TestCase("--trace 3 --shrink 3", "'--trace' does not go with '--shrink'.")]
    [TestCase("--twins --model", "'--twins' does not go with '--model'.")]
    [TestCase("--twins --ecdsa", "'--twins' does not go with '--ecdsa'.")]
    [TestCase("--journal --seeds 5", "'--journal' does not go with '--seeds'.")]
    [TestCase("--mutations --changes", "'--mutations' does not go with '--changes'.")]
    [TestCase("--sizes --ecdsa", "'--sizes' does not go with '--ecdsa'.")]
    [TestCase("--seeds 5 --seeds 6", "'--seeds' is given twice.")]
    [TestCase("--trace 3 --trace 3", "'--trace' is given twice.")]
    [TestCase("--seeds 99999999999", "'--seeds' is no option, or its value is missing or wrong.")]
    [TestCase("--seeds none", "'--seeds' is no option, or its value is missing or wrong.")]
    public void TryParse_WhatWouldBeIgnored_IsRefusedByName(string line, string expected)
    {
        Assert.That(Parse(line, out string? error), Is.Null);
        Assert.That(error, Is.EqualTo(expected));
    }

    private static CommandLine? Parse(string line, out string? error) =>
        CommandLine.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), out error);
}
