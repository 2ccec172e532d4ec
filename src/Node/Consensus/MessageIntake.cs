using System.Threading.Channels;
using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Node.Consensus;

/// <summary>
/// Consensus messages on their way from the peer streams to the driver: decoded where they arrive, verified beside
/// the driver's thread, bounded per department so that none can crowd out the others.
/// </summary>
internal sealed class MessageIntake
{
    /// <summary>Messages of one department in here: a height takes about five, a flood is dropped.</summary>
    public const int QueuedMax = 256;

    /// <summary>Bytes of those, apart from one message of any allowed length.</summary>
    public const long QueuedBytesMax = 4 * 1024 * 1024;

    private readonly ValidatorSet _validators;
    private readonly MessageVerifier _verifier;
    private readonly Func<ulong> _tipHeight;
    private readonly Action<VerifiedMessage, ulong, Action> _deliver;
    private readonly TimeProvider _time;
    private readonly PeerProgress _progress;
    private readonly Action<string, ulong> _otherEpoch;
    private readonly Load[] _loads;
    private readonly Channel<Arrival> _arrivals = Channel.CreateUnbounded<Arrival>(
        new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Hands verified messages to <paramref name="deliver"/> with the time of their arrival and what to call once
    /// they are taken: until then they count against their sender. A department that seems to be in a later epoch is named
    /// to <paramref name="otherEpoch"/>, with the height that it says it has.</summary>
    public MessageIntake(
        ValidatorSet validators,
        MessageVerifier verifier,
        Func<ulong> tipHeight,
        Action<VerifiedMessage, ulong, Action> deliver,
        TimeProvider time,
        PeerProgress progress,
        Action<string, ulong> otherEpoch)
    {
        _validators = validators;
        _verifier = verifier;
        _tipHeight = tipHeight;
        _deliver = deliver;
        _time = time;
        _progress = progress;
        _otherEpoch = otherEpoch;
        _loads = [.. validators.Members.Select(static _ => new Load())];
    }

    /// <summary>Queues a message, or drops it: too many from there, or no message.</summary>
    public void Offer(string department, ReadOnlyMemory<byte> bytes)
    {
        int from = _validators.IndexOf(department);
        if (from < 0)
            return;
        Load load = _loads[from];
        if (Volatile.Read(ref load.Count) >= QueuedMax || Volatile.Read(ref load.Bytes) >= QueuedBytesMax)
            return;
        DecodeFailure failure = ConsensusMessageCodec.TryDecode(bytes.Span, out ConsensusMessage? message);
        if (failure != DecodeFailure.None)
        {
            _progress.Misbehaved(from, $"sent an unreadable consensus message ({failure})");
            return;
        }
        Interlocked.Increment(ref load.Count);
        Interlocked.Add(ref load.Bytes, bytes.Length);
        if (!_arrivals.Writer.TryWrite(new Arrival(from, message!, bytes.Length, _time.NowMs())))
            Release(from, bytes.Length);
    }

    /// <summary>Verifies until <see cref="Stop"/>, on a thread of its own: votes wait behind nothing else.</summary>
    public Task RunAsync() => DedicatedThread.Run("votes", VerifyAll);

    /// <summary>Takes nothing more.</summary>
    public void Stop() => _arrivals.Writer.TryComplete();

    private void VerifyAll()
    {
        while (_arrivals.Reader.WaitToRead())
        {
            while (_arrivals.Reader.TryRead(out Arrival arrival))
                Verify(arrival);
        }
    }

    private void Verify(Arrival arrival)
    {
        MessageFailure failure = _verifier.Verify(
            arrival.From, arrival.Message, _tipHeight(), out VerifiedMessage? verified);
        if (verified is null)
        {
            Release(arrival.From, arrival.Bytes);
            if (failure == MessageFailure.WrongEpoch)
            {
                // It, or this node, has yet to learn of a change of the validators: no fault.
                if (arrival.Message.Height > _tipHeight() + 1)
                    _otherEpoch(_validators[arrival.From].Department, arrival.Message.Height - 1);
                return;
            }
            _progress.Misbehaved(arrival.From, $"sent a consensus message that does not verify ({failure})");
            return;
        }
        _progress.Heard(arrival.From, arrival.Message, arrival.UtcMs);
        _deliver(verified, arrival.UtcMs, () => Release(arrival.From, arrival.Bytes));
    }

    private void Release(int from, int bytes)
    {
        Interlocked.Decrement(ref _loads[from].Count);
        Interlocked.Add(ref _loads[from].Bytes, -bytes);
    }

    private readonly record struct Arrival(int From, ConsensusMessage Message, int Bytes, ulong UtcMs);

    private sealed class Load
    {
        public int Count;
        public long Bytes;
    }
}
