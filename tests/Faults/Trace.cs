using System.Buffers.Binary;
using System.Text;

namespace GovChain.Tests.Faults;

/// <summary>What a call did. The letters are those of faultfs.c.</summary>
internal enum TraceOp
{
    Acknowledge = 'A',
    Create = 'C',
    SyncDirectory = 'D',
    Fault = 'F',
    SyncRange = 'G',
    Link = 'H',
    Allocate = 'L',
    MakeDirectory = 'M',
    Rename = 'R',
    Sync = 'S',
    Truncate = 'T',
    Unlink = 'U',
    Write = 'W',
}

/// <summary>A call that changed files, or an acknowledgement.</summary>
/// <param name="Op">What it did.</param>
/// <param name="Failed">It failed, and did nothing.</param>
/// <param name="Path">Below the root.</param>
/// <param name="Second">A rename's target; a fault's kind.</param>
/// <param name="Inode">The file, whatever its name; 0 for names.</param>
/// <param name="Offset">Of a write.</param>
/// <param name="Length">Of a write; a truncated file's new length.</param>
/// <param name="Data">What was written.</param>
internal sealed record TraceRecord(
    TraceOp Op, bool Failed, string Path, string Second, ulong Inode, long Offset, long Length, ReadOnlyMemory<byte> Data)
{
    /// <summary>The class that counts it; null where nothing does.</summary>
    public string? Class => Op switch
    {
        TraceOp.Write => "write",
        TraceOp.Sync or TraceOp.SyncDirectory or TraceOp.SyncRange => "sync",
        TraceOp.Create => "create",
        TraceOp.Rename or TraceOp.Link => "rename",
        TraceOp.MakeDirectory => "mkdir",
        TraceOp.Truncate => "truncate",
        TraceOp.Unlink => "unlink",
        TraceOp.Allocate => "allocate",
        _ => null,
    };

    /// <summary>An acknowledgement's lines.</summary>
    public string Text => Encoding.ASCII.GetString(Data.Span);

    public override string ToString() => $"{Op} {Path} {Second}".TrimEnd();

    /// <summary>It is an acknowledgement of this.</summary>
    public bool Says(string what) => Op == TraceOp.Acknowledge && Text.StartsWith(what, StringComparison.Ordinal);
}

/// <summary>The calls of one process, in the order of their effects.</summary>
internal static class Trace
{
    private const int HeadSize = 2 + 2 * sizeof(ushort) + 4 * sizeof(ulong);

    /// <summary>Reads a trace; a last record that the process died over is left out.</summary>
    public static List<TraceRecord> Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        var records = new List<TraceRecord>();
        int at = 0;
        while (bytes.Length - at >= HeadSize)
        {
            ReadOnlySpan<byte> head = bytes.AsSpan(at, HeadSize);
            int first = BinaryPrimitives.ReadUInt16LittleEndian(head[2..]);
            int second = BinaryPrimitives.ReadUInt16LittleEndian(head[4..]);
            int data = (int)BinaryPrimitives.ReadUInt64LittleEndian(head[30..]);
            int end = at + HeadSize + first + second + data;
            if (end > bytes.Length)
                break;
            records.Add(new TraceRecord(
                (TraceOp)head[0], head[1] != 0,
                Encoding.UTF8.GetString(bytes, at + HeadSize, first),
                Encoding.UTF8.GetString(bytes, at + HeadSize + first, second),
                BinaryPrimitives.ReadUInt64LittleEndian(head[6..]),
                (long)BinaryPrimitives.ReadUInt64LittleEndian(head[14..]),
                (long)BinaryPrimitives.ReadUInt64LittleEndian(head[22..]),
                bytes.AsMemory(end - data, data)));
            at = end;
        }
        return records;
    }
}
