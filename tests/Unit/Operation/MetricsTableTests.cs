using System.Diagnostics.Metrics;
using System.Text;
using GovChain.Core.Cryptography;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using GovChain.Node.Tracing;
using GovChain.Rpc;
using GovChain.Tests.Unit.Node;
using GovChain.Tests.Unit.Specification;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Operation;

/// <summary>Goal: every instrument has a unit and a description, and stands in the document with both.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
internal sealed class MetricsTableTests
{
    [Test]
    public async Task Document_HasEveryInstrumentOfARunningNode()
    {
        var instruments = new Dictionary<string, Instrument>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            lock (instruments)
            {
                if (instrument.Meter.Name.StartsWith("GovChain.", StringComparison.Ordinal))
                    instruments[instrument.Name] = instrument;
            }
        };
        listener.Start();
        string root = Directory.CreateTempSubdirectory("govchain-metrics-").FullName;
        using var ledger = new TestLedger(departments: 1);
        await using (var node = new TestNode(ledger, 0, Path.Combine(root, "data"), new LoopbackNetwork()))
        {
            await node.StartAsync();
            using var peers = new PeerMetrics(() => []);
            await using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
            _ = new RpcMetrics(services.GetRequiredService<IMeterFactory>());

            var table = new StringBuilder("| metric | kind | unit | meter | what |\n|--|--|--|--|--|\n");
            foreach (Instrument i in instruments.Values.OrderBy(i => i.Name, StringComparer.Ordinal))
            {
                Assert.That(i.Unit, Is.Not.Null.And.Not.Empty, $"unit of {i.Name}");
                Assert.That(i.Description, Does.EndWith("."), $"description of {i.Name}");
                table.Append($"| `{i.Name}` | {KindOf(i)} | `{i.Unit}` | {i.Meter.Name} | {i.Description} |\n");
            }
            Repository.HoldPart("docs/OBSERVABILITY.md", "generated from the meters", table.ToString());
        }
        Directory.Delete(root, recursive: true);
    }

    [Test]
    public void Document_HasEverySpan()
    {
        var table = new StringBuilder("| span | what |\n|--|--|\n");
        foreach ((string name, string meaning) in RecordTrace.Spans)
            table.Append($"| `{name}` | {meaning} |\n");
        Repository.HoldPart("docs/OBSERVABILITY.md", "generated from RecordTrace", table.ToString());
    }

    private static string KindOf(Instrument instrument) => instrument.GetType().Name.Split('`')[0] switch
    {
        "ObservableGauge" => "gauge",
        "UpDownCounter" => "up-down counter",
        string name => name.ToLowerInvariant(),
    };
}
