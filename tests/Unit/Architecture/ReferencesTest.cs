using System.Reflection;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Architecture;

/// <summary>
/// Who may know whom. Arrows never run back: what Core, Consensus, Storage, Rpc and Client are compiled against is
/// read from their assemblies, so a new reference fails here before anybody relies on it.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReferencesTest
{
    [TestCase("GovChain.Protos")]
    [TestCase("GovChain.Core", "GovChain.Protos")]
    [TestCase("GovChain.Consensus", "GovChain.Core", "GovChain.Protos")]
    [TestCase("GovChain.Storage", "GovChain.Core", "GovChain.Protos")]
    [TestCase("GovChain.Rpc", "GovChain.Core", "GovChain.Protos")]
    [TestCase("GovChain.Client", "GovChain.Core", "GovChain.Protos")]
    public void Assembly_KnowsOnlyWhatItMay(string assembly, params string[] allowed)
    {
        string[] known = [.. ReferencesOf(assembly).Where(n => n.StartsWith("GovChain.", StringComparison.Ordinal) || n == "govchain")];
        Assert.That(known, Is.SubsetOf(allowed));
    }

    [TestCase("GovChain.Core")]
    [TestCase("GovChain.Consensus")]
    public void DeterministicCore_KnowsNoNetworkDatabaseOrHost(string assembly)
    {
        string[] forbidden =
        [
            "System.Net", "System.IO.FileSystem", "System.Diagnostics.Process", "System.Threading.Tasks", "RocksDbSharp",
            "Grpc", "Microsoft.AspNetCore", "Microsoft.Extensions",
        ];
        string[] known = [.. ReferencesOf(assembly).Where(n => forbidden.Any(f => n.StartsWith(f, StringComparison.Ordinal)))];
        Assert.That(known, Is.Empty);
    }

    [TestCase("GovChain.Core")]
    [TestCase("GovChain.Consensus")]
    [TestCase("GovChain.Storage")]
    [TestCase("GovChain.Client")]
    [TestCase("govchain")]
    public void Assembly_HasNoSwitchesForBugs(string assembly) => Assert.That(
        Assembly.Load(assembly).GetTypes().Where(t => t.Namespace?.StartsWith("GovChain.Tests", StringComparison.Ordinal) == true),
        Is.Empty);

    private static IEnumerable<string> ReferencesOf(string assembly) =>
        Assembly.Load(assembly).GetReferencedAssemblies().Select(a => a.Name!);
}
