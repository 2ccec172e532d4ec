using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>
/// Stands between two departments' nodes: what the one sends the other passes through here as it is, TLS and all, when and if
/// the two lines let it. What is not modelled: single packets, for TCP shows none to those above it; a connection that
/// cannot even be opened while the line stalls, for the system takes it before this program sees it, and then nothing comes.
/// </summary>
internal sealed class PeerProxy : IAsyncDisposable
{
    private const int PieceBytes = 16 * 1024;

    /// <summary>Pieces under way in one direction of a connection; then its sender waits, as at a full window.</summary>
    private const int PiecesMax = 64;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _target;
    private readonly PeerLine _there;
    private readonly PeerLine _back;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _connections = [];
    private readonly Task _accepting;

    /// <summary>Listens at a port of its own and forwards to <paramref name="targetPort"/> of this machine.</summary>
    /// <param name="targetPort">Where the other node listens.</param>
    /// <param name="there">From who dials.</param>
    /// <param name="back">To who dials.</param>
    public PeerProxy(int targetPort, PeerLine there, PeerLine back)
    {
        _target = new IPEndPoint(IPAddress.Loopback, targetPort);
        _there = there;
        _back = back;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where to dial instead.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        Task[] left;
        lock (_gate)
            left = [.. _connections];
        await Task.WhenAll(left);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket dialled = await _listener.AcceptSocketAsync(_stop.Token);
                Task serving = ServeAsync(dialled);
                lock (_gate)
                    _connections.Add(serving);
                _ = serving.ContinueWith(Forget, TaskScheduler.Default);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // stopped
        }
    }

    private void Forget(Task connection)
    {
        lock (_gate)
            _connections.Remove(connection);
    }

    private async Task ServeAsync(Socket dialled)
    {
        using Socket here = dialled;
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            here.NoDelay = far.NoDelay = true;
            await _there.PassAsync(over.Token);
            await far.ConnectAsync(_target, over.Token);
            Task[] pumps =
                [PumpAsync(here, far, _there, over.Token), PumpAsync(far, here, _back, over.Token), CutAsync(over.Token)];
            // One direction may end in order before the other; any error, or both, ends the connection.
            await await Task.WhenAny(pumps);
            await await Task.WhenAny(Task.WhenAll(pumps[0], pumps[1]), pumps[2]);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // Reset, as the other side's system would.
            here.LingerState = new LingerOption(true, 0);
            if (far.Connected)
                far.LingerState = new LingerOption(true, 0);
        }
        finally
        {
            await over.CancelAsync();
        }
    }

    /// <summary>Ends with an error when one of the lines is refused.</summary>
    private async Task CutAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (_there.State.Refused || _back.State.Refused)
                throw new IOException("The line is cut.");
            await Task.Delay(50, cancellation);
        }
    }

    private static async Task PumpAsync(Socket from, Socket to, PeerLine line, CancellationToken cancellation)
    {
        Channel<(byte[] Piece, long DueMs)> underWay = Channel.CreateBounded<(byte[], long)>(PiecesMax);
        Task delivering = DeliverAsync(underWay.Reader, to, line, cancellation);
        byte[] buffer = new byte[PieceBytes];
        try
        {
            int length;
            while ((length = await from.ReceiveAsync(buffer, cancellation)) > 0)
            {
                long due = Environment.TickCount64 + (long)line.NextDelay().TotalMilliseconds;
                await underWay.Writer.WriteAsync((buffer[..length], due), cancellation);
            }
        }
        finally
        {
            underWay.Writer.TryComplete();
        }
        await delivering;
    }

    private static async Task DeliverAsync(
        ChannelReader<(byte[] Piece, long DueMs)> underWay, Socket to, PeerLine line, CancellationToken cancellation)
    {
        await foreach ((byte[] piece, long due) in underWay.ReadAllAsync(cancellation))
        {
            long wait = due - Environment.TickCount64;
            if (wait > 0)
                await Task.Delay((int)wait, cancellation);
            await line.PassAsync(cancellation);
            for (int sent = 0; sent < piece.Length;)
                sent += await to.SendAsync(piece.AsMemory(sent), SocketFlags.None, cancellation);
        }
        await line.PassAsync(cancellation); // that the sender has ended does not come through a dead line either
        to.Shutdown(SocketShutdown.Send);
    }
}
