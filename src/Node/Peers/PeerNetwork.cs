using System.Net;
using System.Reflection;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Peers;

/// <summary>
/// The streams to all other departments: one for each pair, which the department with the ordinally smaller id dials;
/// mutual TLS in which keys count and dates do not; one bounded queue for each peer, so that a slow one holds up nobody.
/// </summary>
/// <remarks>Nothing is queued for a peer that is not connected. Safe from any thread once started.</remarks>
internal sealed class PeerNetwork : IPeerNetwork, IAsyncDisposable
{
    private readonly NodeIdentity _identity;
    private readonly PeerAuthenticator _authenticator;
    private readonly SortedDictionary<string, PeerLink> _links = new(StringComparer.Ordinal);
    private readonly PeerListener _listener;
    private readonly PeerRefusalLog _refusals;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _dialling = [];
    private readonly ILogger _logger;
    private IPeerHandler? _handler;

    /// <summary>Prepares the network; nothing listens or dials yet.</summary>
    /// <param name="identity">What this node shows.</param>
    /// <param name="peers">All other departments.</param>
    /// <param name="verifier">Checks the statements in certificates.</param>
    /// <param name="logging">Where to write.</param>
    /// <param name="options">Bounds; the defaults if null.</param>
    /// <param name="history">Who votes by the ledger here, to judge keys of the next epoch by; null: they are refused.</param>
    public PeerNetwork(
        NodeIdentity identity, IEnumerable<PeerEndpoint> peers, ISignatureVerifier verifier, ILoggerFactory logging,
        PeerNetworkOptions? options = null, ValidatorHistory? history = null)
    {
        _identity = identity;
        Options = options ?? new PeerNetworkOptions();
        ILogger logger = _logger = logging.CreateLogger<PeerNetwork>();
        foreach (PeerEndpoint peer in peers)
            _links.Add(peer.Department, new PeerLink(peer, logger));
        _authenticator = new PeerAuthenticator(
            identity.ChainId, department => _links.GetValueOrDefault(department)?.Peer.Key, verifier,
            department => _links.GetValueOrDefault(department)?.Peer.Awaited?.Key, history);
        Metrics = new PeerMetrics(() => _links.Values);
        _refusals = new PeerRefusalLog(logger, Metrics, _links.GetValueOrDefault);
        _listener = new PeerListener(this, identity, _authenticator, _refusals, logging);
        Hello = new PeerHello
        {
            ProtocolVersion = PeerNetworkOptions.ProtocolVersion,
            ChainId = UnsafeByteOperations.UnsafeWrap(identity.ChainId.ToArray()),
            Department = identity.Department,
            SoftwareVersion = typeof(PeerNetwork).Assembly
                .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
            NewestVersion = Options.NewestVersion,
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<PeerConnection> Connections => [.. _links.Values.Select(link => link.State)];

    /// <summary>Where the listener is bound; the system's choice if port 0 was asked for.</summary>
    public IPEndPoint ListenAddress => _listener.Address;

    /// <summary>Departments that are dialled, or whose stream was dialled here.</summary>
    internal int DiallingCount => _dialling.Count(static d => !d.IsCompleted);

    internal PeerNetworkOptions Options { get; }

    internal PeerMetrics Metrics { get; }

    internal PeerHello Hello { get; }

    internal IPeerHandler Handler => _handler ?? throw new InvalidOperationException("The network is not started.");

    /// <summary>Listens, dials, and gives to the handler what comes, from before this returns.</summary>
    /// <exception cref="IOException">The address is in use, or not of this machine.</exception>
    public async Task StartAsync(IPEndPoint listen, IPeerHandler handler)
    {
        _handler = handler;
        await _listener.StartAsync(listen);
        foreach (PeerLink link in _links.Values)
        {
            if (Dials(link.Department))
                _dialling.Add(Task.Run(() => DialAsync(link)));
        }
    }

    /// <summary>Ends all streams. Nothing comes to the handler afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_dialling);
        await _listener.DisposeAsync();
        Metrics.Dispose();
    }

    /// <summary>Waits until all that was queued has left, or the time is over.</summary>
    public async Task FlushAsync(TimeSpan patience)
    {
        long begun = TimeProvider.System.GetTimestamp();
        while (_links.Values.Any(static l => l.QueueCount > 0) && TimeProvider.System.GetElapsedTime(begun) < patience)
            await Task.Delay(10);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">No such department, or the message does not fit a frame.</exception>
    public void SendConsensus(string department, ReadOnlyMemory<byte> message) =>
        Send(LinkTo(department), ConsensusFrame(message), message.Length);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The message does not fit a frame.</exception>
    public void BroadcastConsensus(ReadOnlyMemory<byte> message)
    {
        PeerFrame frame = ConsensusFrame(message);
        foreach (PeerLink link in _links.Values)
            Send(link, frame, message.Length);
    }

    /// <inheritdoc/>
    public void SendGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes) =>
        Gossip(LinkTo(department), envelopes);

    /// <inheritdoc/>
    public void BroadcastGossip(IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
    {
        foreach (PeerLink link in _links.Values)
            Gossip(link, envelopes);
    }

    private static void Gossip(PeerLink link, IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
    {
        if (link.Session is not { } session)
            return;
        for (int i = 0; i < envelopes.Count; i++)
            session.Queue.TryAddGossip(envelopes[i]);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>?> RequestEnvelopesAsync(
        string department, ulong height, ReadOnlyMemory<byte> leafHashes, CancellationToken cancellation)
    {
        if (LinkTo(department).Session is not { } session)
            return null;
        PeerFrame? answer = await session.RequestAsync(id => new PeerFrame
        {
            EnvelopeRequest = new EnvelopeRequest
            {
                Height = height,
                LeafHashes = UnsafeByteOperations.UnsafeWrap(leafHashes),
                RequestId = id,
            },
        }, Options.EnvelopesTimeout, cancellation);
        return answer?.EnvelopeResponse?.Envelopes.Select(envelope => envelope.Memory).ToArray();
    }

    /// <inheritdoc/>
    public async Task<BlockRangeResponse?> RequestBlocksAsync(
        string department, ulong firstHeight, int count, CancellationToken cancellation)
    {
        if (LinkTo(department).Session is not { } session)
            return null;
        PeerFrame? answer = await session.RequestAsync(id => new PeerFrame
        {
            BlockRequest = new BlockRangeRequest { FirstHeight = firstHeight, Count = checked((uint)count), RequestId = id },
        }, Options.BlocksTimeout, cancellation);
        return answer?.BlockResponse;
    }

    /// <inheritdoc/>
    public async Task<SnapshotResponse?> RequestSnapshotAsync(
        string department, SnapshotRequest request, CancellationToken cancellation)
    {
        if (LinkTo(department).Session is not { } session)
            return null;
        PeerFrame? answer = await session.RequestAsync(
            id =>
            {
                SnapshotRequest asked = request.Clone();
                asked.RequestId = id;
                return new PeerFrame { SnapshotRequest = asked };
            },
            Options.BlocksTimeout, cancellation);
        return answer?.SnapshotResponse;
    }

    /// <summary>Serves a stream that another node opened.</summary>
    internal async Task AcceptAsync(
        IAsyncStreamReader<PeerFrame> reader, IAsyncStreamWriter<PeerFrame> writer, HttpContext http)
    {
        PeerVerdict verdict = _authenticator.Judge(http.Connection.ClientCertificate);
        if (verdict.Department is { } caller && Dials(caller))
        {
            verdict = PeerVerdict.Refuse(PeerRefusal.WrongDirection,
                $"{caller} dials, but {_identity.Department} is the one that dials: their addresses or lists differ.",
                caller);
        }
        if (verdict.Department is not { } department)
        {
            _refusals.Refused(verdict, http.Connection.RemoteIpAddress);
            throw new RpcException(new Status(StatusCode.PermissionDenied, verdict.Message));
        }
        PeerLink link = _links[department];
        if (!link.TryEnter(Options.StreamsPerDepartment))
        {
            // Not in its status: the stream that is up may be a good one.
            Metrics.Refused(PeerRefusal.TooManyStreams);
            throw new RpcException(new Status(StatusCode.ResourceExhausted,
                $"{department} has {Options.StreamsPerDepartment} streams here already."));
        }
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _stopping.Token);
        try
        {
            await new PeerSession(this, link, reader, writer, http.Abort, dialled: false, () => verdict.IsAwaited).RunAsync(ending.Token);
        }
        catch (PeerRefusedException e)
        {
            link.Failed(e.Message);
            Metrics.Refused(e.Refusal);
            throw new RpcException(new Status(StatusCode.FailedPrecondition, e.Message));
        }
        catch (Exception e) when (e is not RpcException)
        {
            if (e is InvalidDataException)
                link.Failed(e.Message); // of a first frame nobody else tells the operator
            throw new RpcException(new Status(StatusCode.Unavailable, PeerErrors.Describe(e)));
        }
        finally
        {
            link.Leave();
        }
    }

    /// <summary>The department with the ordinally smaller id dials.</summary>
    private bool Dials(string department) => string.CompareOrdinal(_identity.Department, department) < 0;

    private PeerLink LinkTo(string department) => _links.GetValueOrDefault(department)
        ?? throw new ArgumentException($"{department} is not another department of this ledger.", nameof(department));

    private PeerFrame ConsensusFrame(ReadOnlyMemory<byte> message)
    {
        var frame = new PeerFrame { Consensus = UnsafeByteOperations.UnsafeWrap(message) };
        return frame.CalculateSize() <= Options.FrameBytesMax
            ? frame
            : throw new ArgumentException($"{message.Length} bytes do not fit a frame.", nameof(message));
    }

    private static void Send(PeerLink link, PeerFrame frame, int bytes) =>
        link.Session?.Queue.TryAdd(Lane.Consensus, frame, bytes);

    /// <summary>Keeps a stream to a department up until the network stops, or one that has no vote any more is gone.</summary>
    private async Task DialAsync(PeerLink link)
    {
        var dialer = new PeerDialer(this, link, _identity, _authenticator, _refusals);
        TimeSpan pause = Options.RedialBase;
        long missedSince = Environment.TickCount64;
        while (!_stopping.IsCancellationRequested)
        {
            long startedAt = Environment.TickCount64;
            ulong seen = link.State.LastSeenMs;
            await dialer.RunOnceAsync(link.NextEndpoint(), _stopping.Token);
            if (link.State.LastSeenMs != seen)
                missedSince = Environment.TickCount64;
            if (link.Peer.IsFormer && Environment.TickCount64 - missedSince > Options.FormerDialled.TotalMilliseconds)
            {
                _logger.FormerNotDialled(link.Department, link.Peer.Endpoint, Options.FormerDialled.TotalMinutes);
                return;
            }
            if (Environment.TickCount64 - startedAt > Options.RedialMax.TotalMilliseconds)
                pause = Options.RedialBase;
            // Half to all of the pause: nodes that lost the same peer at the same moment do not come back as one.
            TimeSpan jittered = pause * (0.5 + 0.5 * Random.Shared.NextDouble());
            await Task.Delay(jittered, _stopping.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, Options.RedialMax.Ticks));
        }
    }
}
