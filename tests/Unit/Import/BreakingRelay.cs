using System.Net;
using System.Net.Sockets;

namespace GovChain.Tests.Unit.Import;

/// <summary>Stands between a client and a node. The first connections are reset after so many bytes of the client's; the others go
/// through.</summary>
internal sealed class BreakingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _port;
    private readonly Queue<int> _breaks;
    private readonly Task _accepting;

    /// <param name="node">Where the node listens.</param>
    /// <param name="breaks">After how many bytes of the client each connection in turn is reset.</param>
    public BreakingRelay(Uri node, params int[] breaks)
    {
        _port = node.Port;
        _breaks = new Queue<int>(breaks);
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    /// <summary>Connections that were reset so far.</summary>
    public int Broken { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync(_stop.Token);
                connections.Add(RelayAsync(client, _breaks.TryDequeue(out int bytes) ? bytes : int.MaxValue));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task RelayAsync(Socket client, int bytesMax)
    {
        using Socket fromClient = client;
        using var node = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            await node.ConnectAsync(IPAddress.Loopback, _port, ending.Token);
            Task back = CopyAsync(node, client, int.MaxValue, ending.Token);
            if (await CopyAsync(client, node, bytesMax, ending.Token))
            {
                client.LingerState = new LingerOption(true, 0); // a reset, not an end
                Broken++;
            }
            await ending.CancelAsync();
            await back;
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // One of the two has gone.
        }
    }

    /// <summary>True when all the bytes that may pass have passed.</summary>
    private static async Task<bool> CopyAsync(Socket from, Socket to, int bytesMax, CancellationToken cancellation)
    {
        byte[] buffer = new byte[4096];
        try
        {
            int read;
            while (bytesMax > 0 && (read = await from.ReceiveAsync(buffer.AsMemory(0, Math.Min(buffer.Length, bytesMax)), cancellation)) > 0)
            {
                await to.SendAsync(buffer.AsMemory(0, read), cancellation);
                bytesMax -= read;
            }
            return bytesMax == 0;
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            return false;
        }
    }
}
