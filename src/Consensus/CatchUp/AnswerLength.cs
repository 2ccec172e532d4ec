using Google.Protobuf;
using GovChain.Protos.V1;

namespace GovChain.Consensus;

/// <summary>
/// How long an answer of a snapshot's parts has become (docs/PROTOCOL.md, "Snapshots"). It ends with the row, page or change that makes it
/// full, or with the last there is: one that breaks off before gives a snapshot away piece by piece, to gain time.
/// </summary>
/// <param name="bytesMax">It is full when it is longer than this.</param>
public struct AnswerLength(int bytesMax)
{
    // A row is three parts of a frame, whose number the other side bounds by its bytes (FrameBounds).
    private const int PartsPerRow = 3, PartsFree = 9_000, BytesPerPart = 64;

    private long _bytes;
    private int _rows;

    /// <summary>Whether it ends here.</summary>
    public readonly bool IsFull => _bytes > bytesMax || PartsPerRow * _rows > PartsFree + _bytes / BytesPerPart;

    /// <summary>Whether an answer of these is full.</summary>
    public static bool IsFullOf(IEnumerable<ByteString> pages, int bytesMax)
    {
        var length = new AnswerLength(bytesMax);
        foreach (ByteString page in pages)
            length.Add(page);
        return length.IsFull;
    }

    /// <inheritdoc cref="IsFullOf(IEnumerable{ByteString}, int)"/>
    public static bool IsFullOf(IEnumerable<StateRow> rows, int bytesMax)
    {
        var length = new AnswerLength(bytesMax);
        foreach (StateRow row in rows)
            length.Add(row);
        return length.IsFull;
    }

    /// <inheritdoc cref="IsFullOf(IEnumerable{ByteString}, int)"/>
    public static bool IsFullOf(IEnumerable<SnapshotEpoch> ends, int bytesMax)
    {
        var length = new AnswerLength(bytesMax);
        foreach (SnapshotEpoch end in ends)
            length.Add(end);
        return length.IsFull;
    }

    /// <summary>A page of the state tree more.</summary>
    public void Add(ByteString page) => _bytes += page.Length;

    /// <summary>A state value more.</summary>
    public void Add(StateRow row)
    {
        _bytes += row.Key.Length + row.Value.Length;
        _rows++;
    }

    /// <summary>The end of an epoch more.</summary>
    public void Add(SnapshotEpoch end) => _bytes += end.Header.Length + end.Certificate.Length;
}
