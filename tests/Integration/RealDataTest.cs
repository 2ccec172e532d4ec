using GovChain.Client;
using GovChain.Node.Devnet;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Real registers of three governments in one ledger, each department importing one at the same time; afterwards the
/// state that a node gives out is what each file's events come to. With FULL=1 in the environment the whole files, some
/// thirty thousand events, otherwise all events of a part of the keys.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class RealDataTest
{
    private static readonly bool Full = Environment.GetEnvironmentVariable("FULL") == "1";

    private readonly string _files = Directory.CreateTempSubdirectory("govchain-test-").FullName;
    private TestNetwork? _network;

    [TearDown]
    public async Task StopAsync()
    {
        if (_network is not null)
            await _network.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }

    [Test]
    [CancelAfter(1_800_000)]
    [Category(TestGroup.Load)]
    public async Task Import_FourRegistersSideBySide_StateEqualsAnIndependentFold(CancellationToken cancellation)
    {
        (string Type, string Path)[] files =
        [
            ("division", SharedRegisters.Part(_files, SharedRegisters.Divisions, Full ? 1 : 7)),
            ("domain", SharedRegisters.Part(_files, SharedRegisters.Domains, Full ? 1 : 13)),
            ("country", SharedRegisters.Part(_files, SharedRegisters.Countries, 1)),
            ("school", SharedRegisters.Part(_files, SharedRegisters.Schools, 1)),
        ];
        _network = await TestNetwork.StartAsync(cancellation);
        DevnetImport[] imports = [.. files.Select((f, i) => _network.Import(i, f.Path, f.Type))];
        long start = TimeProvider.System.GetTimestamp();

        await Task.WhenAll(imports.Select(i => _network.RunAsync(i, null, cancellation)));

        TimeSpan took = TimeProvider.System.GetElapsedTime(start);
        int events = imports.Sum(i => i.File.Events.Count);
        TestContext.Out.WriteLine($"{events} events in {took.TotalSeconds:F1} s, {events / took.TotalSeconds:F0} a second");
        await _network.AuditAllAsync(cancellation);
        using LedgerClient administration = _network.Network.ConnectAdministration(0);
        LedgerContents ledger = await LedgerContents.ReadAsync(administration, cancellation);
        for (int i = 0; i < files.Length; i++)
        {
            RegisterFold fold = RegisterFold.Of(files[i].Path);
            Assert.That(fold.Amended + fold.Annulled > 0 || files[i].Type is "country" or "school", Is.True, "the part has changes");
            ImportAssert.CountsEqualFold(imports[i], ledger, fold);
            // read from another department's node than the one that imported
            using LedgerClient reader = _network.Network.ConnectClient((i + 1) % files.Length);
            await ImportAssert.RecordsEqualFoldAsync(reader, files[i].Type, fold, cancellation);
        }
    }
}
