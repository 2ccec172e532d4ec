using System.Collections.Concurrent;
using System.Threading.Channels;
using System.Threading.RateLimiting;
using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using Grpc.Core;

namespace GovChain.Node.Peers;

/// <summary>
/// One stream with one authenticated department, whoever dialled. Three loops: one reads, one writes what is queued,
/// one answers requests, so that reading a block from disk never holds up a vote.
/// </summary>
/// <remarks>
/// What a peer can make this side hold is bounded: reading stops while its frames come faster than allowed, and waits
/// for the handler; then its bytes stay in its own connection.
/// </remarks>
internal sealed class PeerSession
{
    private readonly PeerLink _link;
    private readonly PeerNetwork _network;
    private readonly IAsyncStreamReader<PeerFrame> _reader;
    private readonly IAsyncStreamWriter<PeerFrame> _writer;
    private readonly Action _abort;
    private readonly bool _dialled;
    private readonly Func<bool> _isAwaited;
    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<PeerFrame?>> _pending = new();
    private readonly Channel<PeerFrame> _requests;
    private ulong _lastRequestId;

    /// <param name="network">Whose session it is.</param>
    /// <param name="link">The department that TLS has authenticated.</param>
    /// <param name="reader">Frames from it.</param>
    /// <param name="writer">Frames to it.</param>
    /// <param name="abort">Breaks the stream off, so that pending reads and writes end.</param>
    /// <param name="dialled">This side dialled, and so speaks first.</param>
    /// <param name="isAwaited">Whether the ledger here does not name the other side's key yet; asked once the first frames are exchanged, as TLS knows nobody before.</param>
    public PeerSession(
        PeerNetwork network, PeerLink link, IAsyncStreamReader<PeerFrame> reader, IAsyncStreamWriter<PeerFrame> writer,
        Action abort, bool dialled, Func<bool> isAwaited)
    {
        _isAwaited = isAwaited;
        _network = network;
        _link = link;
        _reader = reader;
        _writer = writer;
        _abort = abort;
        _dialled = dialled;
        Queue = new FrameQueue(Options, lane => network.Metrics.Dropped(link.Department, lane));
        _requests = Channel.CreateBounded<PeerFrame>(new BoundedChannelOptions(Options.RequestBacklog)
        {
            SingleReader = true,
            SingleWriter = true,
        });
    }

    /// <summary>What waits to be sent.</summary>
    public FrameQueue Queue { get; }

    /// <summary>What the other side says as a validator does not count, as the ledger here does not name its key.</summary>
    public bool IsAwaited { get; private set; }

    /// <summary>The newest version of the ledger's protocol that the other side says it executes; 0: it has not said.</summary>
    public uint NewestVersion { get; private set; }

    private PeerNetworkOptions Options => _network.Options;

    /// <summary>Exchanges the first frames, then runs until the stream ends. The reason is what is thrown.</summary>
    /// <exception cref="PeerRefusedException">The other side's first frame is wrong.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await ExchangeHelloAsync(cancellation);
        IsAwaited = _isAwaited();
        using CancellationTokenRegistration stop = cancellation.Register(Abort);
        if (!_link.Attach(this))
        {
            throw new PeerRefusedException(PeerRefusal.WrongKey,
                $"{_link.Department} is connected under the key that the ledger names; one that it does not name yet waits.");
        }
        _network.Metrics.Connected(_link.Department);
        string reason = "The stream ended.";
        try
        {
            _network.Handler.OnConnected(_link.Department);
            Task[] loops = [ReadAsync(_ended.Token), WriteAsync(_ended.Token), AnswerAsync(_ended.Token)];
            Task first = await Task.WhenAny(loops);
            Abort();
            await Task.WhenAll(loops).ContinueWith(_ => { }, TaskScheduler.Default);
            await first;
            reason = "The other side ended the stream.";
        }
        catch (Exception e)
        {
            reason = PeerErrors.Describe(e);
            throw;
        }
        finally
        {
            Abort();
            _link.Detach(this, reason);
            foreach (TaskCompletionSource<PeerFrame?> answer in _pending.Values)
                answer.TrySetResult(null);
        }
    }

    /// <summary>Breaks the stream off.</summary>
    public void Abort()
    {
        if (_ended.IsCancellationRequested)
            return;
        _ended.Cancel();
        _abort();
    }

    /// <summary>Sends a request and waits for its answer; null if there is none in time.</summary>
    /// <param name="make">Makes the frame with a request id.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancellation">Ends the waiting with an exception.</param>
    public async Task<PeerFrame?> RequestAsync(
        Func<ulong, PeerFrame> make, TimeSpan timeout, CancellationToken cancellation)
    {
        ulong id = Interlocked.Increment(ref _lastRequestId);
        var answer = new TaskCompletionSource<PeerFrame?>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_pending.Count >= Options.RequestsMax || !_pending.TryAdd(id, answer))
            return null;
        try
        {
            PeerFrame frame = make(id);
            if (_ended.IsCancellationRequested || !Queue.TryAdd(Lane.Consensus, frame, frame.CalculateSize()))
                return null;
            return await answer.Task.WaitAsync(timeout, cancellation);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            _pending.TryRemove(id, out _);
        }
    }

    /// <summary>Who accepted answers only to a first frame that is right, so that who dialled learns of its mistake
    /// before it believes to be connected.</summary>
    private async Task ExchangeHelloAsync(CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(Options.HandshakeTimeout);
        var hello = new PeerFrame { Hello = _network.Hello };
        if (_dialled)
            await _writer.WriteAsync(hello, timeout.Token);
        Check(await ReadHelloAsync(timeout.Token, cancellation));
        if (!_dialled)
            await _writer.WriteAsync(hello, timeout.Token);
    }

    private async Task<PeerHello> ReadHelloAsync(CancellationToken timeout, CancellationToken cancellation)
    {
        bool any = false;
        try
        {
            any = await _reader.MoveNext(timeout);
        }
        catch (Exception e) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested
            && e is OperationCanceledException or IOException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            // Too late is the same as nothing.
        }
        return any && _reader.Current.KindCase == PeerFrame.KindOneofCase.Hello
            ? _reader.Current.Hello
            : throw new PeerRefusedException(PeerRefusal.NoHello, "The other side did not introduce itself.");
    }

    private void Check(PeerHello hello)
    {
        if (hello.ProtocolVersion != PeerNetworkOptions.ProtocolVersion)
        {
            throw new PeerRefusedException(PeerRefusal.WrongProtocolVersion,
                $"{_link.Department} speaks version {hello.ProtocolVersion} of the node protocol, this program version "
                + $"{PeerNetworkOptions.ProtocolVersion}: run the same release on both.");
        }
        if (!hello.ChainId.Span.SequenceEqual(_network.Hello.ChainId.Span))
            throw new PeerRefusedException(PeerRefusal.WrongChain, $"{_link.Department} speaks of another ledger.");
        if (hello.Department != _link.Department)
        {
            throw new PeerRefusedException(PeerRefusal.WrongDepartment,
                $"{_link.Department} introduces itself as another department.");
        }
        NewestVersion = hello.NewestVersion;
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        using var rate = new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = Options.InboundFrameBurst,
            TokensPerPeriod = Math.Max(1, Options.InboundFramesPerSecond / 10),
            ReplenishmentPeriod = TimeSpan.FromMilliseconds(100),
            QueueLimit = 1,
        });
        while (await _reader.MoveNext(cancellation))
        {
            using RateLimitLease lease = await rate.AcquireAsync(1, cancellation);
            _link.Seen();
            PeerFrame frame = _reader.Current;
            _network.Metrics.Received(_link.Department, frame.KindCase, frame.CalculateSize());
            Accept(frame);
        }
    }

    private void Accept(PeerFrame frame)
    {
        switch (frame.KindCase)
        {
            case PeerFrame.KindOneofCase.Consensus when IsAwaited:
                break;
            case PeerFrame.KindOneofCase.Consensus:
                _network.Handler.OnConsensus(_link.Department, frame.Consensus.Memory);
                break;
            case PeerFrame.KindOneofCase.Gossip:
                _network.Handler.OnGossip(_link.Department, CheckGossip(frame.Gossip));
                break;
            case PeerFrame.KindOneofCase.EnvelopeRequest:
                Require(frame.EnvelopeRequest.LeafHashes.Length % Digest.Size == 0
                    && frame.EnvelopeRequest.LeafHashes.Length / Digest.Size <= Limits.BlockTransactionsCeiling,
                    "a malformed request for envelopes");
                _requests.Writer.TryWrite(frame);
                break;
            case PeerFrame.KindOneofCase.BlockRequest:
                _requests.Writer.TryWrite(frame);
                break;
            case PeerFrame.KindOneofCase.SnapshotRequest:
                Require(SnapshotRules.IsWellFormed(frame.SnapshotRequest), "a malformed request for a snapshot");
                _requests.Writer.TryWrite(frame);
                break;
            case PeerFrame.KindOneofCase.SnapshotResponse:
                Complete(frame.SnapshotResponse.RequestId, frame);
                break;
            case PeerFrame.KindOneofCase.EnvelopeResponse:
                Complete(frame.EnvelopeResponse.RequestId, frame);
                break;
            case PeerFrame.KindOneofCase.BlockResponse:
                Complete(frame.BlockResponse.RequestId, frame);
                break;
            default:
                Require(false, "a frame that has no place here");
                break;
        }
    }

    /// <summary>Answers one request at a time.</summary>
    private async Task AnswerAsync(CancellationToken cancellation)
    {
        using var parts = new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = Options.SnapshotPartsPerSecond,
            TokensPerPeriod = Math.Max(1, Options.SnapshotPartsPerSecond / 10),
            ReplenishmentPeriod = TimeSpan.FromMilliseconds(100),
            QueueLimit = 1,
        });
        await foreach (PeerFrame request in _requests.Reader.ReadAllAsync(cancellation))
        {
            using RateLimitLease? lease = request.KindCase == PeerFrame.KindOneofCase.SnapshotRequest
                ? await parts.AcquireAsync(1, cancellation) : null;
            PeerFrame answer = request.KindCase switch
            {
                PeerFrame.KindOneofCase.EnvelopeRequest => Answer(request.EnvelopeRequest),
                PeerFrame.KindOneofCase.SnapshotRequest => Answer(request.SnapshotRequest),
                _ => Answer(request.BlockRequest),
            };
            int bytes = answer.CalculateSize();
            if (bytes > Options.FrameBytesMax)
                throw new InvalidOperationException($"An answer of {bytes} bytes does not fit a frame.");
            Queue.TryAdd(Lane.Reply, answer, bytes);
        }
    }

    private PeerFrame Answer(EnvelopeRequest request)
    {
        var response = new EnvelopeResponse { Height = request.Height, RequestId = request.RequestId };
        foreach (ReadOnlyMemory<byte> envelope in
            _network.Handler.FindEnvelopes(request.Height, request.LeafHashes.Memory))
            response.Envelopes.Add(UnsafeByteOperations.UnsafeWrap(envelope));
        return new PeerFrame { EnvelopeResponse = response };
    }

    private PeerFrame Answer(BlockRangeRequest request)
    {
        int count = (int)Math.Clamp(request.Count, 1u, (uint)Options.BlocksPerRequestMax);
        BlockRangeResponse response = _network.Handler.ReadBlocks(request.FirstHeight, count);
        response.RequestId = request.RequestId;
        return new PeerFrame { BlockResponse = response };
    }

    private PeerFrame Answer(SnapshotRequest request)
    {
        SnapshotResponse response = _network.Handler.ReadSnapshot(request);
        response.RequestId = request.RequestId;
        response.Height = request.Height;
        return new PeerFrame { SnapshotResponse = response };
    }

    private void Complete(ulong requestId, PeerFrame frame)
    {
        if (_pending.TryRemove(requestId, out TaskCompletionSource<PeerFrame?>? answer))
            answer.TrySetResult(frame);
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        while (true)
        {
            while (Queue.TryTake(out PeerFrame? frame))
            {
                try
                {
                    await _writer.WriteAsync(frame, CancellationToken.None)
                        .WaitAsync(Options.WriteTimeout, cancellation);
                }
                catch (TimeoutException)
                {
                    throw new PeerStalledException(Options.WriteTimeout);
                }
                _network.Metrics.Sent(_link.Department, frame.KindCase, frame.CalculateSize());
            }
            await Queue.WaitAsync(cancellation);
        }
    }

    /// <summary>The envelopes of gossip, none decoded yet.</summary>
    /// <exception cref="InvalidDataException">One has a length that none has.</exception>
    internal static ReadOnlyMemory<byte>[] CheckGossip(TransactionGossip gossip)
    {
        var envelopes = new ReadOnlyMemory<byte>[gossip.Envelopes.Count];
        for (int i = 0; i < envelopes.Length; i++)
        {
            envelopes[i] = gossip.Envelopes[i].Memory;
            Require(envelopes[i].Length is > 0 and <= Limits.EnvelopeBytesMax, "an envelope of a length that none has");
        }
        return envelopes;
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
            throw new InvalidDataException($"The other side sent {what}.");
    }
}
