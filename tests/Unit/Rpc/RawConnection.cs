using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>A connection that says what no library would: frames of HTTP/2 one by one, half requests, nothing.</summary>
internal sealed class RawConnection : IDisposable
{
    public const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, Ping = 6, GoAway = 7, WindowUpdate = 8, Continuation = 9;
    public const byte EndStream = 1, EndHeaders = 4;

    private readonly Socket _socket;
    private Stream _stream;

    private RawConnection(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Connects from an address of the loopback network, as another machine would.</summary>
    public static async Task<RawConnection> OpenAsync(int port, string from = "127.0.0.1")
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return new RawConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="OpenAsync"/>, and says that HTTP/2 follows.</summary>
    public static async Task<RawConnection> OpenHttp2Async(int port, string from = "127.0.0.1")
    {
        RawConnection connection = await OpenAsync(port, from);
        await connection.SendPrefaceAsync();
        return connection;
    }

    /// <summary>Puts TLS around what follows; any certificate will do.</summary>
    public async Task UseTlsAsync(SslApplicationProtocol protocol)
    {
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [protocol],
        });
        _stream = tls;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.ASCII.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes);

    public Task SendPrefaceAsync() =>
        SendAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [])]);

    public Task SendFrameAsync(byte type, byte flags, int stream, params byte[] payload) =>
        SendAsync(Frame(type, flags, stream, payload));

    /// <summary>The headers of a gRPC request; its body stays open.</summary>
    public Task SendGrpcAsync(int stream, string method, byte flags = EndHeaders) => SendFrameAsync(
        Headers, flags, stream, Block(
            (":method", "POST"), (":scheme", _stream is SslStream ? "https" : "http"), (":path", $"/govchain.v1.Ledger/{method}"),
            (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers")));

    /// <summary>One whole gRPC message and the end of the request.</summary>
    public Task SendMessageAsync(int stream, IMessage message)
    {
        byte[] bytes = message.ToByteArray();
        byte[] framed = new byte[5 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), bytes.Length);
        bytes.CopyTo(framed, 5);
        return SendFrameAsync(Data, EndStream, stream, framed);
    }

    /// <summary>The next frame; null where the other side has closed.</summary>
    public async Task<(byte Type, byte Flags, int Stream, byte[] Payload)?> ReadFrameAsync(CancellationToken cancellation = default)
    {
        byte[] header = new byte[9];
        try
        {
            await _stream.ReadExactlyAsync(header, cancellation);
            byte[] payload = new byte[BinaryPrimitives.ReadInt32BigEndian(header) >>> 8];
            await _stream.ReadExactlyAsync(payload, cancellation);
            return (header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), payload);
        }
        catch (Exception e) when (e is IOException or EndOfStreamException)
        {
            return null;
        }
    }

    /// <summary>Everything until the other side closes, as text; fails where it does not within 20 seconds.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var text = new StringBuilder();
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await _stream.ReadAsync(buffer, late.Token) is > 0 and var count)
                text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }
        catch (IOException)
        {
            // Reset, which is an end too.
        }
        return text.ToString();
    }

    /// <summary>A header block of literals that nobody remembers (RFC 7541, 6.2.2).</summary>
    public static byte[] Block(params (string Name, string Value)[] headers) =>
        [.. headers.SelectMany(h => (byte[])[0, .. Literal(h.Name), .. Literal(h.Value)])];

    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    /// <summary>Ends the connection with RST, as the system of a process that was killed may.</summary>
    public void Break() => _socket.Close(0);

    public void Dispose() => _stream.Dispose();

    private static byte[] Literal(string text)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        if (bytes.Length < 127)
            return [(byte)bytes.Length, .. bytes];
        var length = new List<byte> { 127 };
        int rest = bytes.Length - 127;
        for (; rest >= 128; rest >>= 7)
            length.Add((byte)(rest % 128 | 128));
        return [.. length, (byte)rest, .. bytes];
    }
}
