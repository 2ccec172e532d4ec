using System.Net.Sockets;
using System.Text;
using GovChain.Node.Configuration;
using GovChain.Node.Devnet;
using GovChain.Node.Hosting;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Goal: systemd knows when a node serves and when it stops. Method: a node in this process, and a socket in the place of
/// systemd's.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
[Platform(Include = "Linux")]
public sealed class ServiceManagerTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Test]
    public async Task Node_N1_TellsSystemdThatItIsReadyAndThatItStops()
    {
        string directory = Directory.CreateTempSubdirectory("govchain-test-").FullName;
        using var late = new CancellationTokenSource(Patience);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token);
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        string address = Path.Combine(directory, "notify");
        manager.Bind(new UnixDomainSocketEndPoint(address));
        var layout = new DevnetLayout(Path.Combine(directory, "net"));
        DevnetDepartment department = new DevnetBuilder(layout).Prepare(1)[0];
        NodeConfiguration configuration = ConfigurationReader.Read(layout.At(department.Id, "node.json"));
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", address);
        try
        {
            Task node = new NodeHost(configuration).RunAsync(stop.Token);
            Assert.That(await ReceiveAsync(manager, node, late.Token), Is.EqualTo("STATUS=Opening the ledger"));
            Assert.That(await ReceiveAsync(manager, node, late.Token), Does.StartWith($"STATUS={department.Id} serves clients at "));
            Assert.That(await ReceiveAsync(manager, node, late.Token), Is.EqualTo("READY=1"));
            await stop.CancelAsync();
            Assert.That(await ReceiveAsync(manager, node, late.Token), Is.EqualTo("STOPPING=1"));
            await node;
        }
        finally
        {
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>The next message; or the reason why the node ended without one.</summary>
    private static async Task<string> ReceiveAsync(Socket manager, Task node, CancellationToken cancellation)
    {
        byte[] buffer = new byte[4096];
        Task<int> received = manager.ReceiveAsync(buffer, cancellation).AsTask();
        if (await Task.WhenAny(received, node) == node && !received.IsCompleted && manager.Available == 0)
            await node;
        return Encoding.UTF8.GetString(buffer, 0, await received);
    }
}
