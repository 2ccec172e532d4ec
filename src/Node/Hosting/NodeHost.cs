using System.Net;
using System.Net.Security;
using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Client.Keys.Tokens;
using GovChain.Consensus;
using GovChain.Core.Cryptography.Hashing;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Commands;
using GovChain.Node.Configuration;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Pool;
using GovChain.Node.Signatures;
using GovChain.Node.Sync;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Rpc.Connections;
using GovChain.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Hosting;

/// <summary>
/// The composition root: a configuration becomes a running node with its three listeners. The only place that knows every
/// part.
/// </summary>
internal sealed partial class NodeHost(NodeConfiguration configuration)
{
    /// <summary>How long what is queued for the others may take to leave.</summary>
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromMilliseconds(500);

    private readonly BlockSources<PeerIdentity> _known = new();
    private readonly long _started = TimeProvider.System.GetTimestamp();

    /// <summary>Half of a stop finishes what was submitted, a quarter ends the calls and streams; the rest is for the disk.
    /// </summary>
    private TimeSpan DrainTimeout => configuration.StopTimeout / 2;

    private TimeSpan ShutdownTimeout => configuration.StopTimeout / 4;

    /// <summary>Runs the node until it is told to stop or must stop.</summary>
    /// <param name="stop">Ends the node gracefully.</param>
    /// <exception cref="CommandException">It could not start, or had to stop; with the exit code.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (await RunOnceAsync(stop))
            {
                // A snapshot is ready: the node starts again, and opening its directory puts the snapshot in place.
            }
        }
        catch (UnexecutableVersionException e)
        {
            throw new CommandException(StartFailure.ReleaseTooOld, e.Message);
        }
    }

    /// <summary>True where the node is to start again on a snapshot.</summary>
    private async Task<bool> RunOnceAsync(CancellationToken stop)
    {
        // systemd started this process, or nobody listens and nothing is sent.
        var manager = new SystemdNotifier();
        manager.Notify(new ServiceState("STATUS=Opening the ledger"));
        GenesisFile genesis = NodeInputs.ReadGenesis(configuration);
        using ISigner signer = NodeInputs.OpenSigner(configuration, genesis.Genesis);
        // Nobody is asked for anything from here on: a signal lets the disk finish, and then the node stop in order.
        await Task.Yield();
        using ILoggerFactory logging = LoggerFactory.Create(b => NodeLogging.Configure(b, configuration));
        NodeInputs.RequireFolders(configuration);
        MachineChecks.Run(configuration.DataDirectory, logging.CreateLogger<NodeHost>());
        using DataDirectory directory = DataDirectory.Open(configuration.DataDirectory, genesis.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        ClientCertificate certificate = NodeInputs.OpenCertificate(configuration, logging.CreateLogger<ClientCertificate>());
        LedgerMembers members = MembersOf(genesis.Genesis, store, signer);
        using NodeIdentity identity = NodeIdentity.Create(
            signer, genesis.Genesis.ChainId, configuration.Department, members.SuccessionOf(signer.PublicKey, store));
        using NodeVerifier verifier = OpenVerifier();
        ILogger log = logging.CreateLogger<NodeHost>();
        SayWhatComputes(verifier, log);
        (IPEndPoint Peers, IPEndPoint Clients, IPEndPoint Administration)? bound = null;
        IReadOnlyList<ReadOnlyMemory<byte>> waiting = [];
        while (true)
        {
            SayWhoIsAwaited(members, log);
            await using var network = new PeerNetwork(
                identity, members.PeersOf(configuration), verifier.Verifier, logging, configuration.Peers, members.History);
            await using var runtime = new NodeRuntime(
                directory, store, genesis.Genesis, SignaturesOf(genesis), signer, network,
                new NodeRuntimeOptions
                {
                    Pool = new PoolOptions { CountMax = configuration.PoolTransactionsMax, BytesMax = configuration.PoolBytesMax },
                    Admission = new AdmissionOptions { PlacesPerSecond = configuration.SubmissionsPerSecond },
                    Alarms = configuration.Alarms,
                    SnapshotLag = (ulong)configuration.SnapshotLagBlocks,
                    SelfAuditBytesPerSecond = configuration.SelfAuditBytesPerSecond,
                    CertificateEnds = () => certificate.Current.TargetCertificate.NotAfter,
                    Observer = configuration.Department,
                    Waiting = waiting,
                    Known = _known,
                    Started = _started,
                },
                TimeProvider.System, verifier.Verifier, logging.CreateLogger<NodeRuntime>());
            verifier.BeginEpoch(members.History, runtime.Fail);
            await using WebApplication app = BuildApplication(
                runtime, certificate, genesis.Genesis, bound?.Clients ?? configuration.ClientListen,
                bound?.Administration ?? configuration.AdministrationListen);
            await runtime.StartAsync();
            await ListenAsync(
                Settings.PeerListen.Path, () => network.StartAsync(bound?.Peers ?? configuration.PeerListen, runtime.PeerHandler));
            await ListenAsync(
                $"{Settings.ClientListen.Path} or {Settings.AdministrationListen.Path}", () => app.StartAsync(CancellationToken.None));
            string[] urls = [.. app.Urls];
            if (bound is null)
            {
                log.Listening(configuration.Department, urls[0], network.ListenAddress.ToString(), urls[1]);
                manager.Notify(new ServiceState($"STATUS={configuration.Department} serves clients at {urls[0]}"));
                manager.Notify(ServiceState.Ready);
            }
            // Where the system chose a port, the next epoch keeps it.
            bound = (
                Bound(configuration.PeerListen, network.ListenAddress.Port), Bound(configuration.ClientListen, new Uri(urls[0]).Port),
                Bound(configuration.AdministrationListen, new Uri(urls[1]).Port));
            await WaitAsync(runtime, stop);
            bool stays = !runtime.Fatal.IsCompleted && !stop.IsCancellationRequested;
            bool again = stays && runtime.SnapshotReady.IsCompleted;
            bool goesOn = stays && !again;
            if (goesOn)
                waiting = await runtime.HandOverAsync();
            else
                manager.Notify(again ? new ServiceState("STATUS=Starting again on a snapshot") : ServiceState.Stopping);
            await StopAsync(runtime, app, network, log);
            if (runtime.Fatal.IsCompleted)
            {
                Exception reason = await runtime.Fatal;
                string message = $"The node had to stop: {reason.Message}";
                throw reason switch
                {
                    StorageException => new CommandException(ExitCode.Storage, message),
                    TokenException token => new TokenException(token.Error, message, token),
                    UnexecutableVersionException => new CommandException(StartFailure.ReleaseTooOld, message),
                    _ => new CommandException(StartFailure.NodeStopped, message),
                };
            }
            if (!goesOn)
                return again;
            ulong epoch = members.History.Epoch;
            members = LedgerMembers.Of(genesis.Genesis, store);
            if (members.History.Epoch == epoch)
            {
                log.TermsChanged(store.Current.TipHeight + 1);
                continue;
            }
            log.EpochBegins(
                members.History.Epoch, members.History.Changes[^1].Height + 1, members.History.Acting.Count,
                members.History.Acting.IndexOf(signer.PublicKey) < 0 ? "observes" : "has a vote");
        }
    }

    private void SayWhoIsAwaited(LedgerMembers members, ILogger log)
    {
        foreach (PeerEndpoint peer in members.PeersOf(configuration).Where(static p => p.Awaited is not null))
            log.KeyAwaited(peer.Department, peer.Awaited!.Key.ToString(), members.History.Epoch, peer.Key.ToString());
        foreach ((string department, ObserverAddress observer) in configuration.Observers)
        {
            if (members.ProblemOf(department, observer) is { } problem)
                log.ObserverNotUsed(department, problem);
        }
    }

    private static IPEndPoint Bound(IPEndPoint configured, int port) => new(configured.Address, port);

    /// <summary>The ledger's departments; the node's own key is one of theirs, or it is started as an observer.</summary>
    private LedgerMembers MembersOf(Genesis genesis, LedgerStore store, ISigner signer)
    {
        LedgerMembers members = LedgerMembers.Of(genesis, store);
        NodeInputs.CheckMember(configuration, members, signer.PublicKey);
        return members;
    }

    private NodeVerifier OpenVerifier() =>
        NodeVerifier.Open(EngineChoice.OfNode(configuration.SignatureEngine), GuardedVerifier.NodeShare);

    private static void SayWhatComputes(NodeVerifier verifier, ILogger log)
    {
        log.ComputesWith(verifier.Name, Sha256Batch.Best.ToString());
        foreach (HashPath path in Sha256Batch.Unsound)
            log.HashPathUnsound(path.ToString());
    }

    private static async Task WaitAsync(NodeRuntime runtime, CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = stop.Register(() => stopped.TrySetResult());
        await Task.WhenAny(stopped.Task, runtime.Fatal, runtime.EpochEnded, runtime.TermsChanged, runtime.SnapshotReady);
    }

    /// <summary>
    /// What was taken is finished, then nobody asks any more, then nobody is asked any more, then the work ends. A stop that
    /// hangs, on a disk that does not answer, ends the process: nothing that was acknowledged depends on it.
    /// </summary>
    private async Task StopAsync(NodeRuntime runtime, WebApplication app, PeerNetwork network, ILogger log)
    {
        long begun = TimeProvider.System.GetTimestamp();
        using var ended = new ManualResetEventSlim();
        // A thread of its own: those of the pool may be what hangs.
        var watchdog = new Thread(() =>
        {
            if (ended.Wait(configuration.StopTimeout))
                return;
            log.StopForced((long)configuration.StopTimeout.TotalMilliseconds);
            Environment.Exit(ExitCode.Internal);
        })
        { IsBackground = true, Name = "stop watchdog" };
        watchdog.Start();
        try
        {
            int unanswered = runtime.Fatal.IsCompleted || runtime.EpochEnded.IsCompleted || runtime.TermsChanged.IsCompleted ? 0 : await runtime.DrainAsync(DrainTimeout);
            await app.StopAsync(CancellationToken.None);
            await network.FlushAsync(FlushTimeout);
            await network.DisposeAsync();
            await runtime.StopAsync();
            log.Stopped((long)TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds, unanswered);
        }
        finally
        {
            ended.Set();
            watchdog.Join();
        }
    }

    private static List<GenesisSignature> SignaturesOf(GenesisFile genesis) =>
    [
        .. genesis.Signatures.Select(s => new GenesisSignature
        {
            Department = s.Department,
            Signature = ByteString.CopyFrom(s.Signature.Span),
        }),
    ];

    private WebApplication BuildApplication(
        NodeRuntime runtime, ClientCertificate certificate, Genesis genesis, IPEndPoint clients, IPEndPoint administration)
    {
        var rpc = new RpcOptions
        {
            ReadsPerSecond = configuration.AnonymousRequestsPerSecond,
            ReadBurst = 2 * configuration.AnonymousRequestsPerSecond,
            ConnectionsTotal = configuration.ClientConnectionsMax,
            ConnectionsPerAddress = Math.Min(configuration.ClientConnectionsPerAddress, configuration.ClientConnectionsMax),
            SubmitsWaiting = configuration.ClientSubmissionsWaitingMax,
            StreamsTotal = configuration.ClientStreamsMax,
        };
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "govchain" });
        NodeLogging.Configure(builder.Logging, configuration);
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddRouting();
        builder.Services.AddSingleton(runtime.Gateway);
        builder.Services.AddGovChainRpc(rpc);
        NodeTelemetry.Add(builder.Services, configuration, genesis);
        builder.WebHost.UseKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.LimitKestrel(rpc);
            Listen(kestrel, clients, rpc.ClientConnections, certificate);
            Listen(kestrel, administration, rpc.AdministrationListenerConnections, certificate);
        });
        WebApplication app = builder.Build();
        app.MapGovChainRpc();
        app.MapPrometheusScrapingEndpoint("/metrics").WithMetadata(new ListenersAttribute(NodeListeners.Administration));
        return app;
    }

    private static void Listen(
        KestrelServerOptions kestrel, IPEndPoint endPoint, ConnectionLimits limits, ClientCertificate certificate) =>
        kestrel.Listen(endPoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseDoor(limits, tls => tls.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = limits.HandshakeTimeout,
                OnConnection = _ =>
                {
                    var offered = new SslServerAuthenticationOptions { ServerCertificateContext = certificate.Current };
                    return ValueTask.FromResult(limits.Listener == NodeListeners.Clients ? offered.AskForCertificate() : offered);
                },
            }));
        });

    private static async Task ListenAsync(string setting, Func<Task> start)
    {
        try
        {
            await start();
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new CommandException(StartFailure.PortInUse,
                $"{setting}: a port is in use: {e.Message} Stop the program that has it, or change the address in the configuration.");
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw new CommandException(StartFailure.ListenerRefused,
                $"{setting}: the listener cannot be opened: {e.Message.TrimEnd('.')}. Is it an address of this machine, and may this user have the port?");
        }
    }
}
