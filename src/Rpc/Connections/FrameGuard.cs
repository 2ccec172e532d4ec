using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace GovChain.Rpc.Connections;

/// <summary>
/// Looks at the headers of HTTP/2 frames that come in, and ends a connection that floods with frames which carry no
/// request: each makes the server work or answer, and none is bounded by flow control. Other protocols pass unseen.
/// </summary>
/// <remarks>One reader, as every pipe. Holds 24 bytes of state; no byte is copied or held back.</remarks>
internal sealed class FrameGuard(
    PipeReader inner, ConnectionContext connection, ConnectionLimits limits, DoorMetrics metrics) : PipeReader
{
    private const int HeaderBytes = 9;
    private const int FullCost = 10;

    private readonly byte[] _held = new byte[Preface.Length];
    private readonly double _budgetMax = 2.0 * FullCost * limits.ControlFramesPerSecond;
    private Phase _phase = Phase.Preface;
    private int _heldCount;
    private long _payloadLeft;
    private double _budget = 2.0 * FullCost * limits.ControlFramesPerSecond;
    private long _filledAt = Stopwatch.GetTimestamp();
    private ReadOnlySequence<byte> _buffer;
    private long _seen;

    private enum Phase
    {
        Preface,
        Frames,
        Unseen,
    }

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<ReadResult> read = inner.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? new(Look(read.Result)) : AwaitAsync(read);
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        bool any = inner.TryRead(out result);
        if (any)
            Look(result);
        return any;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_phase != Phase.Unseen)
        {
            _seen -= _buffer.Slice(0, consumed).Length;
            _buffer = default;
        }
        inner.AdvanceTo(consumed, examined);
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => inner.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    /// <inheritdoc/>
    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private async ValueTask<ReadResult> AwaitAsync(ValueTask<ReadResult> read) => Look(await read);

    private ReadResult Look(ReadResult result)
    {
        if (_phase == Phase.Unseen)
            return result;
        _buffer = result.Buffer;
        foreach (ReadOnlyMemory<byte> part in _buffer.Slice(_seen))
        {
            ReadOnlySpan<byte> bytes = part.Span;
            while (bytes.Length > 0 && _phase != Phase.Unseen)
                bytes = _phase == Phase.Preface ? LookForPreface(bytes) : LookAtFrames(bytes);
        }
        _seen = _buffer.Length;
        return result;
    }

    private ReadOnlySpan<byte> LookForPreface(ReadOnlySpan<byte> bytes)
    {
        bytes = Hold(bytes, Preface.Length);
        if (!Preface.StartsWith(_held.AsSpan(0, _heldCount)))
        {
            _phase = Phase.Unseen;
        }
        else if (_heldCount == Preface.Length)
        {
            _phase = Phase.Frames;
            _heldCount = 0;
        }
        return bytes;
    }

    private ReadOnlySpan<byte> LookAtFrames(ReadOnlySpan<byte> bytes)
    {
        if (_payloadLeft > 0)
        {
            int skipped = (int)Math.Min(_payloadLeft, bytes.Length);
            _payloadLeft -= skipped;
            return bytes[skipped..];
        }
        bytes = Hold(bytes, HeaderBytes);
        if (_heldCount == HeaderBytes)
        {
            _heldCount = 0;
            _payloadLeft = BinaryPrimitives.ReadUInt32BigEndian(_held) >> 8;
            Count(type: _held[3], isLast: (_held[4] & 1) != 0);
        }
        return bytes;
    }

    /// <summary>Keeps bytes until there are as many as wanted; returns what is left.</summary>
    private ReadOnlySpan<byte> Hold(ReadOnlySpan<byte> bytes, int wanted)
    {
        int taken = Math.Min(wanted - _heldCount, bytes.Length);
        bytes[..taken].CopyTo(_held.AsSpan(_heldCount));
        _heldCount += taken;
        return bytes[taken..];
    }

    /// <summary>The frame types are those of RFC 9113, section 6.</summary>
    private void Count(byte type, bool isLast)
    {
        (int cost, string reason) = type switch
        {
            0 when _payloadLeft > 0 || isLast => (0, ""),
            0 => (FullCost, "EMPTY_FLOOD"),
            1 => (0, ""),
            3 => (FullCost, "RESET_FLOOD"),
            4 => (FullCost, "SETTINGS_FLOOD"),
            6 => (FullCost, "PING_FLOOD"),
            8 => (1, "WINDOW_FLOOD"),
            9 => (FullCost, "CONTINUATION_FLOOD"),
            _ => (FullCost, "OTHER_FLOOD"),
        };
        if (type == 3)
            metrics.Reset(limits.Listener);
        if (cost == 0 || TrySpend(cost))
            return;
        _phase = Phase.Unseen;
        metrics.Closed(limits.Listener, reason);
        connection.Abort(new ConnectionAbortedException($"Too many HTTP/2 frames: {reason}."));
    }

    private bool TrySpend(int cost)
    {
        long now = Stopwatch.GetTimestamp();
        double earned = Stopwatch.GetElapsedTime(_filledAt, now).TotalSeconds * FullCost * limits.ControlFramesPerSecond;
        _budget = Math.Min(_budget + earned, _budgetMax);
        _filledAt = now;
        if (_budget < cost)
            return false;
        _budget -= cost;
        return true;
    }
}
