namespace GovChain.Rpc;

/// <summary>
/// Every bound of the services' door, in one place, each with its unit, its arithmetic and its rule. The defaults fit a
/// node with 1 GiB of memory. <see cref="Problems"/> says all that is wrong at once.
/// </summary>
public sealed class RpcOptions
{
    /// <summary>One gRPC message, bytes. An envelope is at most 65,535; the rest is room for what comes.</summary>
    public int MessageBytesMax { get; init; } = 256 * 1024;

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

    /// <summary>Streams (submit and subscribe) of one client address at a time.</summary>
    public int StreamsPerAddress { get; init; } = 8;

    /// <summary>Streams of all clients at a time: 64 windows of 4 MiB are 256 MiB at worst.</summary>
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

    /// <summary>Single submissions of all clients that wait at a time: 1,024 of the largest are 64 MiB.</summary>
    public int SubmitsWaiting { get; init; } = 1_024;

    /// <summary>Every rule that these options break, in words; empty where they are good.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
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
        Check((long)StreamsTotal * StreamWindowBytes <= 4L * 1024 * 1024 * 1024, nameof(StreamsTotal),
            $"times {nameof(StreamWindowBytes)} must be at most 4 GiB");
        Check(ReadsPerSecond >= 1 && ReadBurst >= ReadsPerSecond, nameof(ReadBurst),
            $"must be at least {nameof(ReadsPerSecond)}, and that at least 1");
        Check(SubmitsPerSecond >= 1 && SubmitBurst >= SubmitsPerSecond, nameof(SubmitBurst),
            $"must be at least {nameof(SubmitsPerSecond)}, and that at least 1");
        Check(SubmitsWaiting >= 1, nameof(SubmitsWaiting), "must be at least 1");
        return problems;

        void Check(bool holds, string name, string rule)
        {
            if (!holds)
                problems.Add($"{name} {rule}.");
        }
    }
}
