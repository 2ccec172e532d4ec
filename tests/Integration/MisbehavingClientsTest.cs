using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using GovChain.Client;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Rpc;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// A real process with its default bounds, attacked at every door of its own machine at once: connections that say nothing,
/// bodies that trickle, answers nobody reads, floods of frames. Its memory stays within what the numbers of the attack
/// allow, somebody who behaves is answered, and the attack is in the metrics. With FULL=1 in the environment: four
/// departments, a clerk who registers records all the while, and until every deadline has struck; about two minutes.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class MisbehavingClientsTest
{
    private const long MiB = 1024 * 1024;
    private const string Type = "licence";
    private static readonly bool Full = Environment.GetEnvironmentVariable("FULL") == "1";
    private static readonly int Silent = Full ? 3_000 : 600;
    private static readonly int Trickling = Full ? 60 : 20;
    private static readonly int Deaf = Full ? 60 : 20;

    private readonly List<IDisposable> _open = [];
    private readonly List<double> _latenciesMs = [];
    private int _answered;

    [Test]
    [CancelAfter(420_000)]
    public async Task Attack_AtEveryDoorAtOnce_CostsBoundedMemoryAndHarmsNobody(CancellationToken cancellation)
    {
        await using Target target = await Target.StartAsync(cancellation);
        for (int i = 0; i < 60; i++)
            await target.BehaveAsync(cancellation);
        long before = target.Process.WorkingSetBytes;

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<long> peak = WatchMemoryAsync(target.Process, over.Token);
        Task behaving = BehaveAsync(target, over.Token);
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(
            BeSilentAsync(target.Department.ClientPort),
            BeSilentAsync(target.Department.PeerPort),
            TrickleAsync(target.Department.ClientPort, over.Token),
            BeDeafAsync(target.Department.ClientPort, over.Token),
            FloodAsync(target.Department.ClientPort, RawConnection.Ping, 8),
            FloodAsync(target.Department.ClientPort, RawConnection.Settings, 0));
        string[] awaited = Full
            ? ["PING_FLOOD", "SETTINGS_FLOOD", "DISPLACED", "TIMEOUT", "BODY_TOO_SLOW", "RESPONSE_TOO_SLOW"]
            : ["PING_FLOOD", "SETTINGS_FLOOD", "DISPLACED"];
        foreach (string reason in awaited)
            await target.UntilCountedAsync(reason, cancellation);
        // While all of them are still there, one who behaves is answered, again and again.
        while (Volatile.Read(ref _answered) <= 20 && !behaving.IsCompleted)
            await Task.Delay(20, cancellation);
        _open.ForEach(c => c.Dispose());
        await over.CancelAsync();
        await behaving;

        long growth = await peak - before;
        // By the arithmetic of docs/OPERATIONS.md: the connections of three addresses and of the peers' door, the bodies,
        // the answers; and what a runtime takes that has been idle before: buffers of its pool, compiled code.
        long bound = (256 + Trickling + Deaf + 2 + 256) * 736 * 1024L + 256 * 128 * 1024L + 16 * 4 * MiB + 128 * MiB;
        _latenciesMs.Sort();
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{clock.Elapsed.TotalSeconds:0} s; memory {before / MiB} MiB before, {growth / MiB} MiB more at its peak, bound "
            + $"{bound / MiB} MiB; {_latenciesMs.Count} requests of one who behaves: median {At(0.5):0} ms, 99 % {At(0.99):0} ms, "
            + $"longest {_latenciesMs[^1]:0} ms"));
        Assert.That(growth, Is.LessThan(bound));
        await target.BehaveAsync(cancellation);

        double At(double part) => _latenciesMs[(int)(part * (_latenciesMs.Count - 1))];
    }

    private async Task BehaveAsync(Target target, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            var clock = Stopwatch.StartNew();
            await target.BehaveAsync(CancellationToken.None);
            _latenciesMs.Add(clock.Elapsed.TotalMilliseconds);
            Interlocked.Increment(ref _answered);
            await Task.Delay(50, CancellationToken.None);
        }
    }

    private static async Task<long> WatchMemoryAsync(NodeProcess process, CancellationToken over)
    {
        long peak = 0;
        var curve = new List<long>();
        for (int i = 0; !over.IsCancellationRequested; i++)
        {
            long now = process.WorkingSetBytes;
            peak = Math.Max(peak, now);
            if (i % 20 == 0)
                curve.Add(now / MiB);
            await Task.Delay(100, CancellationToken.None);
        }
        TestContext.Out.WriteLine($"memory every 2 s, MiB: {string.Join(' ', curve)}");
        return peak;
    }

    private async Task BeSilentAsync(int port)
    {
        for (int i = 0; i < Silent; i++)
            await TryOpenAsync(port, "127.0.0.2");
    }

    /// <summary>Submissions of 100 KiB of which a part comes, and then a byte now and then.</summary>
    private async Task TrickleAsync(int port, CancellationToken over)
    {
        var connections = new List<RawConnection>();
        for (int i = 0; i < Trickling; i++)
        {
            if (await TryOpenHttp2Async(port, "127.0.0.3") is not { } connection)
                continue;
            connections.Add(connection);
            await TryAsync(async () =>
            {
                for (int stream = 1; stream < 8; stream += 2)
                {
                    await connection.SendGrpcAsync(stream, "Submit");
                    await connection.SendFrameAsync(RawConnection.Data, 0, stream, [0, 0, 1, 0x90, 0, .. new byte[15_000]]);
                    await connection.SendFrameAsync(RawConnection.Data, 0, stream, new byte[15_000]);
                }
            });
        }
        KeepOn(connections, connection => connection.SendFrameAsync(RawConnection.Data, 0, 1, 0), over);
    }

    /// <summary>Requests whose answers find no window, ever; with a frame now and then, or the node would take the
    /// connection for dead before the answers' time is over.</summary>
    private async Task BeDeafAsync(int port, CancellationToken over)
    {
        var connections = new List<RawConnection>();
        for (int i = 0; i < Deaf; i++)
        {
            if (await TryOpenHttp2Async(port, "127.0.0.4") is not { } connection)
                continue;
            connections.Add(connection);
            await TryAsync(async () =>
            {
                // SETTINGS_INITIAL_WINDOW_SIZE = 0.
                await connection.SendFrameAsync(RawConnection.Settings, 0, 0, 0, 4, 0, 0, 0, 0);
                for (int stream = 1; stream < 40; stream += 2)
                {
                    await connection.SendGrpcAsync(stream, "ListRecords");
                    await connection.SendMessageAsync(stream, new ListRecordsRequest { Type = Type, PageSize = 1_000 });
                }
            });
        }
        KeepOn(connections, connection => connection.SendFrameAsync(RawConnection.Ping, 0, 0, new byte[8]), over);
    }

    /// <summary>Says a little on each connection every second, in the background.</summary>
    private static void KeepOn(List<RawConnection> connections, Func<RawConnection, Task> say, CancellationToken over) =>
        _ = Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                foreach (RawConnection connection in connections)
                    await TryAsync(() => say(connection));
                await Task.Delay(1_000, CancellationToken.None);
            }
        }, CancellationToken.None);

    private async Task FloodAsync(int port, byte type, int bytes)
    {
        RawConnection? connection = await TryOpenHttp2Async(port, "127.0.0.5");
        Assert.That(connection, Is.Not.Null, "an address that did nothing yet is let in");
        Task<string> closed = connection!.ReadToEndAsync();
        await TryAsync(async () =>
        {
            while (!closed.IsCompleted)
                await connection.SendFrameAsync(type, 0, 0, new byte[bytes]);
        });
        await closed;
    }

    private async Task<RawConnection?> TryOpenAsync(int port, string from)
    {
        RawConnection? opened = null;
        await TryAsync(async () => opened = await RawConnection.OpenAsync(port, from));
        if (opened is not null)
        {
            lock (_open)
                _open.Add(opened);
        }
        return opened;
    }

    private async Task<RawConnection?> TryOpenHttp2Async(int port, string from)
    {
        bool through = false;
        if (await TryOpenAsync(port, from) is not { } connection)
            return null;
        await TryAsync(async () =>
        {
            await connection.UseTlsAsync(SslApplicationProtocol.Http2);
            await connection.SendPrefaceAsync();
            through = true;
        });
        return through ? connection : null;
    }

    /// <summary>The other side may refuse or close at any time; that is what it is for.</summary>
    private static async Task TryAsync(Func<Task> attempt)
    {
        try
        {
            await attempt();
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or ObjectDisposedException)
        {
            // Refused or closed.
        }
    }

    /// <summary>What is attacked, and somebody who behaves: alone and asked for its status, or of four and given records.
    /// </summary>
    private sealed class Target : IAsyncDisposable
    {
        private readonly TestNetwork? _network;
        private readonly DevnetLayout _layout;
        private readonly LedgerClient _client;
        private readonly HttpClient _metrics;
        private int _registered;

        private Target(TestNetwork? network, DevnetLayout layout, DevnetDepartment department, NodeProcess process)
        {
            _network = network;
            _layout = layout;
            Department = department;
            Process = process;
            _client = LedgerClient.Connect(new Uri($"https://localhost:{department.ClientPort}"), layout.AuthorityCertificate);
            _metrics = new HttpClient(new SocketsHttpHandler
            {
                SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
            });
        }

        public DevnetDepartment Department { get; }

        public NodeProcess Process { get; }

        public static async Task<Target> StartAsync(CancellationToken cancellation)
        {
            if (Full)
            {
                TestNetwork network = await TestNetwork.StartAsync(cancellation);
                await network.DefineTypeAsync(0, Type, cancellation);
                return new Target(network, network.Layout, network.Network.Departments[0], network.Network.Processes[0]);
            }
            var layout = new DevnetLayout(Directory.CreateTempSubdirectory("govchain-test-").FullName);
            DevnetDepartment department = new DevnetBuilder(layout).Prepare(4)[0];
            NodeProcess process = NodeProcess.Start(layout.At(department.Id, "node.json"), layout.At(department.Id, "node.log"));
            var target = new Target(null, layout, department, process);
            await process.WaitUntilReadyAsync(target._client, TimeSpan.FromMinutes(1), cancellation);
            return target;
        }

        /// <summary>One request of somebody who behaves, answered.</summary>
        public async Task BehaveAsync(CancellationToken cancellation)
        {
            if (_network is null)
            {
                await _client.GetStatusAsync(cancellation);
                return;
            }
            SignedEnvelope envelope = _network.SignRegistration(0, Type, $"L-{_registered++}", "{}"u8.ToArray());
            TransactionOutcome outcome = await _client.SubmitAsync(envelope, cancellation: cancellation);
            Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably));
        }

        /// <summary>Waits until the metrics show that something ended for a reason.</summary>
        public async Task UntilCountedAsync(string reason, CancellationToken cancellation)
        {
            while (true)
            {
                string all = await _metrics.GetStringAsync($"https://localhost:{Department.AdministrationPort}/metrics", cancellation);
                if (all.Split('\n').Any(line => line.StartsWith("govchain_", StringComparison.Ordinal)
                    && line.Contains($"reason=\"{reason}\"", StringComparison.Ordinal)))
                    return;
                await Task.Delay(200, cancellation);
            }
        }

        public async ValueTask DisposeAsync()
        {
            _client.Dispose();
            _metrics.Dispose();
            if (_network is not null)
            {
                await _network.DisposeAsync();
                return;
            }
            await Process.StopAsync(TimeSpan.FromSeconds(20));
            Process.Dispose();
            Directory.Delete(_layout.Directory, recursive: true);
        }
    }
}
