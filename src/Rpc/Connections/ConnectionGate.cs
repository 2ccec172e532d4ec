using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace GovChain.Rpc.Connections;

/// <summary>
/// Counts one listener's connections, in all and by address, before TLS has cost anything, and refuses those beyond its
/// bounds at once. Safe from any thread.
/// </summary>
internal sealed class ConnectionGate(ConnectionLimits limits, DoorMetrics metrics)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private readonly LinkedList<Guest> _handshaking = new();
    private int _total;

    /// <summary>The outermost middleware of the listener: lets a connection in, or not.</summary>
    public ConnectionDelegate Admit(ConnectionDelegate next) => async connection =>
    {
        var guest = new Guest(
            connection, RemoteAddress.Counted((connection.RemoteEndPoint as IPEndPoint)?.Address));
        if (TryEnter(guest, out Guest? displaced) is { } refusal)
        {
            metrics.Refused(limits.Listener, refusal);
            connection.Abort(new ConnectionAbortedException($"Too many connections: {refusal}."));
            return;
        }
        displaced?.Connection.Abort(new ConnectionAbortedException("Not through TLS, and others wait."));
        connection.Features.Set(guest);
        metrics.Opened(limits.Listener);
        try
        {
            await next(connection);
        }
        finally
        {
            metrics.Ended(limits.Listener);
            if (Leave(guest) is { } reason)
                metrics.HandshakeFailed(limits.Listener, reason);
        }
    };

    /// <summary>The middleware behind TLS: the connection has earned its place; its frames are counted from now on.
    /// </summary>
    public ConnectionDelegate Establish(ConnectionDelegate next) => async connection =>
    {
        lock (_lock)
            Established(connection.Features.Get<Guest>()!);
        IDuplexPipe transport = connection.Transport;
        connection.Transport = new GuardedTransport(
            new FrameGuard(transport.Input, connection, limits, metrics), transport.Output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    };

    private string? TryEnter(Guest guest, out Guest? displaced)
    {
        displaced = null;
        lock (_lock)
        {
            int ofAddress = _byAddress.GetValueOrDefault(guest.Address);
            string? full = ofAddress >= limits.PerAddress ? "ADDRESS" : _total >= limits.Total ? "TOTAL" : null;
            if (full is not null || _handshaking.Count >= limits.HandshakesAtOnce)
            {
                displaced = Displaceable(full == "ADDRESS" ? guest.Address : null);
                if (displaced is null)
                    return full;
                displaced.Place = Place.Displaced;
                Forget(displaced);
            }
            _total++;
            _byAddress[guest.Address] = _byAddress.GetValueOrDefault(guest.Address) + 1;
            guest.Node = _handshaking.AddLast(guest);
            return null;
        }
    }

    /// <summary>The oldest that is not through TLS: of the address, or of the one that has most connections.</summary>
    private Guest? Displaceable(IPAddress? address)
    {
        Guest? oldest = null;
        int most = 0;
        foreach (Guest guest in _handshaking)
        {
            if (address is not null)
            {
                if (guest.Address.Equals(address))
                    return guest;
            }
            else if (_byAddress[guest.Address] > most)
            {
                most = _byAddress[guest.Address];
                oldest = guest;
            }
        }
        return oldest;
    }

    private void Established(Guest guest)
    {
        if (guest.Place != Place.Handshaking)
            return;
        guest.Place = Place.Established;
        _handshaking.Remove(guest.Node!);
    }

    /// <summary>Gives the place free, and says why TLS failed, if it did.</summary>
    private string? Leave(Guest guest)
    {
        lock (_lock)
        {
            Place was = guest.Place;
            if (was != Place.Displaced)
                Forget(guest);
            return was switch
            {
                Place.Established => null,
                Place.Displaced => "DISPLACED",
                // The server's timer and this clock tick differently, by less than this.
                _ => guest.Age + TimeSpan.FromMilliseconds(20) >= limits.HandshakeTimeout ? "TIMEOUT" : "FAILED",
            };
        }
    }

    private void Forget(Guest guest)
    {
        _total--;
        if (--_byAddress[guest.Address] == 0)
            _byAddress.Remove(guest.Address);
        if (guest.Place != Place.Established && guest.Node!.List is not null)
            _handshaking.Remove(guest.Node);
    }

    private enum Place
    {
        Handshaking,
        Established,
        Displaced,
    }

    private sealed class Guest(ConnectionContext connection, IPAddress address)
    {
        private readonly long _since = Stopwatch.GetTimestamp();

        public ConnectionContext Connection => connection;

        public IPAddress Address => address;

        public TimeSpan Age => Stopwatch.GetElapsedTime(_since);

        public Place Place { get; set; }

        public LinkedListNode<Guest>? Node { get; set; }
    }

    private sealed record GuardedTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
