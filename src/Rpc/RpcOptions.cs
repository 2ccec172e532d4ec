using GovChain.Rpc.Connections;

namespace GovChain.Rpc;

/// <summary>
/// Every bound of the services' door, in one place, each with its unit, its arithmetic and its rule.
/// <see cref="Problems"/> says all that is wrong at once.
/// </summary>
/// <remarks>
/// <para>What strangers can make the door hold at worst, all of them at once and with the defaults
/// (<see cref="MemoryBytesMax"/>, docs/OPERATIONS.md has the table):</para>
/// <list type="bullet">
/// <item>connections: 1,024 + 64, each 64 KiB of TLS state, 2 x 64 KiB of socket buffers, a window of 128 KiB of requests
/// nobody has read yet, 32 KiB of headers, and 32 requests that wait for their turn or whose last 4 KiB nobody takes (the
/// server says that it has sent those), 12 KiB each: 736 KiB, together 782 MiB;</item>
/// <item>submissions: 1,024 + 256 at once, each a message of at most 128 KiB: 160 MiB;</item>
/// <item>reads: 64 + 8 at once, each a page of 1 MiB as objects, as text and in the socket's way: 4 MiB, together
/// 288 MiB (a block, on the administration listener only, may be larger: the ledger's parameter says how large);</item>
/// <item>streams: 64 + 8 at once, each a window of 4 MiB of envelopes, or 4 MiB read ahead for a subscriber: 288 MiB;
/// </item>
/// </list>
/// <para>That is 1,518 MiB, where the second number is the administration listener's own share, which clients cannot
/// take. An attacker needs many addresses for it; a busy day takes less than a tenth.</para>
/// </remarks>
public sealed class RpcOptions
{
    private const int ConnectionOverheadBytes = (64 + 32) * 1024;
    private const int ReadBytesMax = 4 * 1024 * 1024;
    private const int RequestStateBytesMax = 12 * 1024;

    /// <summary>Connections of all clients at a time.</summary>
    public int ConnectionsTotal { get; init; } = 1_024;

    /// <summary>Connections of one client address at a time: an office behind one address, or a browser of many tabs.
    /// </summary>
    public int ConnectionsPerAddress { get; init; } = 256;

    /// <summary>Connections of the administration listener at a time. They are not taken from the clients'.</summary>
    public int AdministrationConnections { get; init; } = 64;

    /// <summary>Connections at a time that are not through TLS, by listener; see
    /// <see cref="ConnectionLimits.HandshakesAtOnce"/>.</summary>
    public int HandshakesAtOnce { get; init; } = 256;

    /// <summary>How long TLS may take: two round trips, and a busy machine.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the headers of a request may take.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection without a request for so long is closed, a new one too.</summary>
    public TimeSpan IdleConnectionMax { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>After so long without a byte the other side is pinged (HTTP/2), and given up
    /// <see cref="PingTimeout"/> later: so half-open connections with a stream on them end.</summary>
    public TimeSpan PingAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a ping's answer may take.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>HTTP/2 frames without a request; see <see cref="ConnectionLimits.ControlFramesPerSecond"/>.</summary>
    public int ControlFramesPerSecond { get; init; } = 1_000;

    /// <summary>Bytes in one connection's way, in each direction, before its reading or writing stops.</summary>
    public int ConnectionBufferBytes { get; init; } = 64 * 1024;

    /// <summary>Bytes of requests that one HTTP/2 connection may send before they are read (its window, and that of each
    /// of its requests). At a round trip of 10 ms this lets 12 MiB a second through.</summary>
    public int ConnectionWindowBytes { get; init; } = 128 * 1024;

    /// <summary>Requests and streams of one HTTP/2 connection at a time; libraries wait or open another connection.
    /// </summary>
    public int RequestsPerConnection { get; init; } = 32;

    /// <summary>Headers of a request, bytes in all; a client of this service sends less than 1 KiB.</summary>
    public int HeaderBytesMax { get; init; } = 16 * 1024;

    /// <summary>Headers of a request, number.</summary>
    public int HeadersMax { get; init; } = 64;

    /// <summary>The body of a request must be there so long after its turn has come: 128 KiB are 6.4 KiB a second.
    /// Also how long a request waits for its turn.</summary>
    public TimeSpan BodyTimeMax { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long answering a read may take, whatever the client's own deadline. A submission may take
    /// <see cref="CommitWaitMax"/> and this.</summary>
    public TimeSpan HandlingTimeMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A finished answer must have been taken so long after: a page of 1 MiB at 17 KiB a second. The last
    /// bytes of an ended stream too.</summary>
    public TimeSpan ResponseTimeMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A submit stream on which nothing is under way and nothing comes for so long is ended.</summary>
    public TimeSpan StreamIdleMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A stream whose client takes no message for so long is ended.</summary>
    public TimeSpan StreamWriteMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Reads of all clients that are worked on or not yet taken, at a time.</summary>
    public int ReadsAtOnce { get; init; } = 64;

    /// <summary>The same of one client address. More wait for their turn; a read takes milliseconds, unless its client
    /// is slow.</summary>
    public int ReadsAtOncePerAddress { get; init; } = 16;

    /// <summary>Reads on the administration listener, at a time. More wait for their turn.</summary>
    public int AdministrationReadsAtOnce { get; init; } = 8;

    /// <summary>Reads of all clients that wait for their turn.</summary>
    public int ReadsWaiting { get; init; } = 1_024;

    /// <summary>The same of one client address.</summary>
    public int ReadsWaitingPerAddress { get; init; } = 256;

    /// <summary>One gRPC message, bytes. An envelope is at most 65,535; the rest is room for what comes.</summary>
    public int MessageBytesMax { get; init; } = 128 * 1024;

    /// <summary>One JSON body, bytes. An envelope in base64 is at most 87,380 characters.</summary>
    public int JsonBodyBytesMax { get; init; } = 128 * 1024;

    /// <summary>Levels of nesting in a JSON body. No request has more than two.</summary>
    public int JsonDepthMax { get; init; } = 16;

    /// <summary>Waiting for COMMITTED where the client says nothing.</summary>
    public TimeSpan CommitWaitDefault { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest a client may ask to wait for COMMITTED.</summary>
    public TimeSpan CommitWaitMax { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>When to come back after UNAVAILABLE, RESOURCE_EXHAUSTED and OUT_OF_RANGE; also how long a stream
    /// waits for room in the pool before it asks again.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Unanswered envelopes of one submit stream: at 10,000 a second and 100 ms to commit, 1,000 are under
    /// way.</summary>
    public int StreamWindowEnvelopes { get; init; } = 1_024;

    /// <summary>Bytes of unanswered envelopes of one submit stream: 1,024 of 4 KiB, or 64 of the largest.</summary>
    public int StreamWindowBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Streams (submit, subscribe, health watch) of one client address at a time; the administration listener
    /// has as many of its own.</summary>
    public int StreamsPerAddress { get; init; } = 8;

    /// <summary>Streams of all clients at a time, half of them the departments': 64 windows of 4 MiB are 256 MiB at worst.
    /// Those that gave way and end are beyond, for a moment.</summary>
    public int StreamsTotal { get; init; } = 64;

    /// <summary>Anonymous reads of one client address, a second. A read costs at most a few milliseconds.</summary>
    public int ReadsPerSecond { get; init; } = 200;

    /// <summary>Reads of one client address that may come at once.</summary>
    public int ReadBurst { get; init; } = 400;

    /// <summary>Single submissions of one client address, a second: a wrong signature costs 0.4 ms to find out, so this
    /// is what an anonymous sender of rubbish can take of a core. Who has more uses a stream.</summary>
    public int SubmitsPerSecond { get; init; } = 1_000;

    /// <summary>Single submissions of one client address that may come at once.</summary>
    public int SubmitBurst { get; init; } = 2_000;

    /// <summary>Single submissions of all clients that wait at a time, half of them the departments'; as with streams.</summary>
    public int SubmitsWaiting { get; init; } = 1_024;

    /// <summary>The same of one client address; the administration listener has as many of its own.</summary>
    public int SubmitsWaitingPerAddress { get; init; } = 256;

    /// <summary>What the door holds at worst, bytes; the arithmetic stands above.</summary>
    public long MemoryBytesMax =>
        (long)(ConnectionsTotal + AdministrationConnections)
            * (ConnectionOverheadBytes + 2L * ConnectionBufferBytes + ConnectionWindowBytes
                + (long)RequestsPerConnection * RequestStateBytesMax)
        + (long)(SubmitsWaiting + SubmitsWaitingPerAddress) * MessageBytesMax
        + (long)(ReadsAtOnce + AdministrationReadsAtOnce) * ReadBytesMax
        + (long)(StreamsTotal + StreamsPerAddress) * StreamWindowBytes;

    /// <summary>The bounds of the clients' listener.</summary>
    public ConnectionLimits ClientConnections => new()
    {
        Listener = NodeListeners.Clients,
        Total = ConnectionsTotal,
        PerAddress = ConnectionsPerAddress,
        HandshakesAtOnce = HandshakesAtOnce,
        HandshakeTimeout = HandshakeTimeout,
        ControlFramesPerSecond = ControlFramesPerSecond,
    };

    /// <summary>The bounds of the administration listener; all its clients have loopback addresses.</summary>
    public ConnectionLimits AdministrationListenerConnections => ClientConnections with
    {
        Listener = NodeListeners.Administration,
        Total = AdministrationConnections,
        PerAddress = AdministrationConnections,
    };

    /// <summary>Every rule that these options break, in words; empty where they are good.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        Check(ConnectionsPerAddress >= 1 && ConnectionsPerAddress <= ConnectionsTotal, nameof(ConnectionsPerAddress),
            $"must be 1 to {nameof(ConnectionsTotal)}");
        Check(ConnectionsTotal <= 100_000, nameof(ConnectionsTotal), "must be at most 100000");
        Check(AdministrationConnections >= 1, nameof(AdministrationConnections), "must be at least 1");
        Check(HandshakesAtOnce >= 1, nameof(HandshakesAtOnce), "must be at least 1");
        Check(ControlFramesPerSecond >= 100, nameof(ControlFramesPerSecond), "must be at least 100");
        Check(ConnectionWindowBytes is >= 65_535 and <= 16 * 1024 * 1024, nameof(ConnectionWindowBytes),
            "must be 65535 (what HTTP/2 begins with) to 16777216 bytes");
        Check(ConnectionBufferBytes is >= 16 * 1024 and <= 1024 * 1024, nameof(ConnectionBufferBytes),
            "must be 16384 to 1048576 bytes");
        Check(RequestsPerConnection is >= 1 and <= 1_000, nameof(RequestsPerConnection), "must be 1 to 1000");
        Check(HeaderBytesMax is >= 8 * 1024 and <= 64 * 1024 && HeadersMax is >= 20 and <= 1_000, nameof(HeaderBytesMax),
            $"must be 8192 to 65536 bytes, {nameof(HeadersMax)} 20 to 1000");
        foreach ((TimeSpan limit, string name) in ((TimeSpan, string)[])[
            (HandshakeTimeout, nameof(HandshakeTimeout)), (HeadersTimeout, nameof(HeadersTimeout)),
            (IdleConnectionMax, nameof(IdleConnectionMax)), (BodyTimeMax, nameof(BodyTimeMax)),
            (HandlingTimeMax, nameof(HandlingTimeMax)), (ResponseTimeMax, nameof(ResponseTimeMax)),
            (StreamIdleMax, nameof(StreamIdleMax)), (StreamWriteMax, nameof(StreamWriteMax))])
            Check(limit >= TimeSpan.FromMilliseconds(50) && limit <= TimeSpan.FromHours(1), name, "must be 50 ms to an hour");
        // What the web server itself allows.
        Check(PingAfter >= TimeSpan.FromSeconds(1) && PingTimeout >= TimeSpan.FromSeconds(1), nameof(PingAfter),
            $"and {nameof(PingTimeout)} must be at least a second");
        Check(ReadsAtOncePerAddress >= 1 && ReadsAtOncePerAddress <= ReadsAtOnce, nameof(ReadsAtOncePerAddress),
            $"must be 1 to {nameof(ReadsAtOnce)}");
        Check(AdministrationReadsAtOnce >= 1, nameof(AdministrationReadsAtOnce), "must be at least 1");
        Check(ReadsWaitingPerAddress >= 0 && ReadsWaitingPerAddress <= ReadsWaiting, nameof(ReadsWaitingPerAddress),
            $"must be 0 to {nameof(ReadsWaiting)}");
        Check(MessageBytesMax is >= 128 * 1024 and <= 4 * 1024 * 1024, nameof(MessageBytesMax),
            "must be 131072 to 4194304 bytes, so that an envelope fits");
        Check(JsonBodyBytesMax is >= 96 * 1024 and <= 4 * 1024 * 1024, nameof(JsonBodyBytesMax),
            "must be 98304 to 4194304 bytes, so that an envelope in base64 fits");
        Check(JsonDepthMax is >= 2 and <= 64, nameof(JsonDepthMax), "must be 2 to 64");
        Check(CommitWaitDefault > TimeSpan.Zero && CommitWaitDefault <= CommitWaitMax, nameof(CommitWaitDefault),
            $"must be above zero and at most {nameof(CommitWaitMax)}");
        Check(CommitWaitMax <= TimeSpan.FromHours(1), nameof(CommitWaitMax), "must be at most an hour");
        Check(RetryAfter >= TimeSpan.FromMilliseconds(10) && RetryAfter <= TimeSpan.FromMinutes(5),
            nameof(RetryAfter), "must be 10 ms to 5 minutes");
        Check(StreamWindowEnvelopes is >= 1 and <= 65_536, nameof(StreamWindowEnvelopes), "must be 1 to 65536");
        Check(StreamWindowBytes is >= 65_535 and <= 256 * 1024 * 1024, nameof(StreamWindowBytes),
            "must be 65535 (the largest envelope) to 268435456 bytes");
        Check(StreamsPerAddress >= 1 && StreamsPerAddress <= StreamsTotal, nameof(StreamsPerAddress),
            $"must be 1 to {nameof(StreamsTotal)}");
        Check(StreamsTotal >= 2 && SubmitsWaiting >= 2, nameof(StreamsTotal),
            $"and {nameof(SubmitsWaiting)} must be at least 2: half of them are the departments'");
        Check((long)StreamsTotal * StreamWindowBytes <= 4L * 1024 * 1024 * 1024, nameof(StreamsTotal),
            $"times {nameof(StreamWindowBytes)} must be at most 4 GiB");
        Check(ReadsPerSecond >= 1 && ReadBurst >= ReadsPerSecond, nameof(ReadBurst),
            $"must be at least {nameof(ReadsPerSecond)}, and that at least 1");
        Check(SubmitsPerSecond >= 1 && SubmitBurst >= SubmitsPerSecond, nameof(SubmitBurst),
            $"must be at least {nameof(SubmitsPerSecond)}, and that at least 1");
        Check(SubmitsWaitingPerAddress >= 1 && SubmitsWaitingPerAddress <= SubmitsWaiting,
            nameof(SubmitsWaitingPerAddress), $"must be 1 to {nameof(SubmitsWaiting)}");
        return problems;

        void Check(bool holds, string name, string rule)
        {
            if (!holds)
                problems.Add($"{name} {rule}.");
        }
    }
}
