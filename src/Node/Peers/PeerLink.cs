using GovChain.Node.Tls;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Peers;

/// <summary>One other department: its stream, if there is one, and what went wrong last. Safe from any thread.</summary>
internal sealed class PeerLink(PeerEndpoint peer, ILogger logger)
{
    private readonly Lock _gate = new();
    private PeerSession? _session;
    private string _lastError = "No connection yet.";
    private long _lastSeenMs;
    private int _streams;
    private int _dials;

    public PeerEndpoint Peer => peer;

    public string Department => peer.Department;

    /// <summary>Where it was dialled last, or else where the ledger says that it listens.</summary>
    public string Endpoint { get; private set; } = peer.Endpoint;

    /// <summary>The stream that is up, or null.</summary>
    public PeerSession? Session => Volatile.Read(ref _session);

    public bool IsConnected => Session is not null;

    public int QueueCount => Session?.Queue.Count ?? 0;

    public long QueueBytes => Session?.Queue.Bytes ?? 0;

    /// <summary>How the connection stands now.</summary>
    public PeerConnection State
    {
        get
        {
            lock (_gate)
            {
                return new PeerConnection(Department, Endpoint, _session is not null, _lastError,
                    (ulong)Interlocked.Read(ref _lastSeenMs))
                { IsAwaited = _session is { IsAwaited: true }, IsFormer = peer.IsFormer, NewestVersion = _session?.NewestVersion ?? 0 };
            }
        }
    }

    /// <summary>Counts a stream that the department opens here; false, and not counted, beyond the bound.</summary>
    public bool TryEnter(int streamsMax)
    {
        if (Interlocked.Increment(ref _streams) <= streamsMax)
            return true;
        Leave();
        return false;
    }

    /// <summary>A stream that was let in is over.</summary>
    public void Leave() => Interlocked.Decrement(ref _streams);

    /// <summary>A frame came.</summary>
    public void Seen() => Interlocked.Exchange(ref _lastSeenMs, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    /// <summary>Where to dial it now: in turn where the ledger says, and where the operator says that its other key is.
    /// </summary>
    public string NextEndpoint()
    {
        string endpoint = _dials++ % 2 == 1 && peer.Awaited is { } awaited ? awaited.Endpoint : peer.Endpoint;
        lock (_gate)
            Endpoint = endpoint;
        return endpoint;
    }

    /// <summary>Takes a stream whose other side is authenticated. An older one is given up: its other side is gone and
    /// we only have not noticed yet. False: there is one under the key that counts, and this one's does not.</summary>
    public bool Attach(PeerSession session)
    {
        PeerSession? replaced;
        lock (_gate)
        {
            replaced = _session;
            if (session.IsAwaited && replaced is { IsAwaited: false })
                return false;
            _session = session;
            _lastError = "";
        }
        replaced?.Abort();
        if (session.IsAwaited)
            logger.PeerConnectedAwaited(Department);
        else
            logger.PeerConnected(Department);
        return true;
    }

    /// <summary>The stream ended.</summary>
    public void Detach(PeerSession session, string reason)
    {
        lock (_gate)
        {
            if (_session != session)
                return;
            _session = null;
            _lastError = reason;
        }
        logger.PeerDisconnected(Department, reason);
    }

    /// <summary>No stream could be set up. The same reason again is not logged again.</summary>
    public void Failed(string reason)
    {
        lock (_gate)
        {
            if (_session is not null || _lastError == reason)
                return;
            _lastError = reason;
        }
        logger.PeerUnreachable(Department, reason);
    }
}
