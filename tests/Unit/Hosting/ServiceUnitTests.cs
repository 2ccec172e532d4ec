using System.Globalization;
using System.Reflection;
using GovChain.Node.Commands;
using GovChain.Tests.Unit.Specification;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Hosting;

/// <summary>Goal: the files that service managers read say what the program does.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ServiceUnitTests
{
    [Test]
    public void Unit_DoesNotRestartAfterTheCodesThatNeedAPerson()
    {
        string[] codes = [.. typeof(ExitCode).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(f => (int)f.GetValue(null)!).Where(ExitCode.NeedsOperator).Order()
            .Select(c => c.ToString(CultureInfo.InvariantCulture))];
        Assert.That(codes, Has.Length.GreaterThan(0));
        Assert.That(UnitSetting("RestartPreventExitStatus"), Is.EqualTo(string.Join(' ', codes)));
    }

    [Test]
    public void NeedsOperator_FailuresThatPassByThemselves_AreNotAmongThem()
    {
        foreach (int code in new[] { ExitCode.Ok, ExitCode.Unavailable, ExitCode.Internal, ExitCode.Interrupted })
            Assert.That(ExitCode.NeedsOperator(code), Is.False, $"{code}");
    }

    [Test]
    public void Unit_WaitsLongerThanTheNodeTakesToStop()
    {
        int seconds = int.Parse(UnitSetting("TimeoutStopSec"), CultureInfo.InvariantCulture);
        Assert.That(seconds * 1000, Is.GreaterThan(GovChain.Node.Configuration.Settings.StopTimeoutMs.DefaultValue));
    }

    private static string UnitSetting(string name) => File.ReadLines(Repository.PathOf("ops/systemd/govchain.service"))
        .Single(line => line.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..];
}
