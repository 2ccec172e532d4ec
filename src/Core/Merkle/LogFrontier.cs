using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// The right edge of a log: its size and the roots of the complete subtrees that its size, written in binary, is
/// made of. All that is needed to append and to know the root. Immutable.
/// </summary>
public sealed class LogFrontier
{
    /// <summary>First byte of the encoding.</summary>
    public const byte EncodingVersion = 1;

    private const int HeaderLength = 1 + sizeof(ulong);
    private const int LevelCount = 64;

    private readonly Digest[] _nodes;

    private LogFrontier(ulong size, Digest[] nodes)
    {
        Size = size;
        _nodes = nodes;
        Root = Fold(nodes);
    }

    /// <summary>The log without leaves.</summary>
    public static LogFrontier Empty { get; } = new(0, []);

    /// <summary>Number of leaves.</summary>
    public ulong Size { get; }

    /// <summary>Root of the log tree (RFC 6962 section 2.1).</summary>
    public Digest Root { get; }

    /// <summary>
    /// Roots of the complete subtrees, the largest (leftmost) first; one for each one bit of the size.
    /// </summary>
    public ReadOnlySpan<Digest> Nodes => _nodes;

    /// <summary>The edge of a stored log of this size.</summary>
    public static LogFrontier Read(ILogNodeSource source, ulong size)
    {
        var nodes = new Digest[BitOperations.PopCount(size)];
        for (int level = LevelCount - 1, i = 0; level >= 0; level--)
        {
            ulong count = size >> level;
            if ((count & 1) != 0)
                nodes[i++] = source.GetNode(level, count - 1);
        }
        return new LogFrontier(size, nodes);
    }

    /// <summary>The edge after one more leaf.</summary>
    public LogFrontier Append(Digest leafHash) => Append([leafHash]);

    /// <summary>The edge after these leaves, at the cost of one hash a leaf and a few along the edge.</summary>
    /// <exception cref="OverflowException">The log would have more than 2^64 - 1 leaves.</exception>
    public LogFrontier Append(ReadOnlySpan<Digest> leafHashes) => Append(leafHashes, newRows: null);

    /// <summary>
    /// Appends, and also collects the nodes that came into being at the levels 0, 8, 16 and so on, until a level
    /// without new nodes: what is written into tiles.
    /// </summary>
    internal LogFrontier Append(ReadOnlySpan<Digest> leafHashes, List<Digest[]>? newRows)
    {
        if (leafHashes.IsEmpty)
            return this;
        ulong newSize = checked(Size + (ulong)leafHashes.Length);
        Digest[] rented = ArrayPool<Digest>.Shared.Rent(leafHashes.Length + 1);
        Span<Digest> row = rented; // row[1..] the new nodes of a level; row[0] the old one they are paired with
        leafHashes.CopyTo(row[1..]);
        int count = leafHashes.Length;
        var nodes = new Digest[BitOperations.PopCount(newSize)];
        int next = nodes.Length;
        for (int level = 0; level < LevelCount && newSize >> level != 0; level++)
        {
            if (level % LogTiles.Height == 0 && count > 0)
                newRows?.Add(row.Slice(1, count).ToArray());
            if ((newSize >> level & 1) != 0)
                nodes[--next] = count > 0 ? row[count] : NodeAt(level);
            int paired = 0;
            if (count > 0 && (Size >> level & 1) != 0)
            {
                row[0] = NodeAt(level);
                paired = 1;
            }
            int parents = (count + paired) / 2;
            LogHash.Nodes(row.Slice(1 - paired, 2 * parents), row.Slice(1, parents));
            count = parents;
        }
        ArrayPool<Digest>.Shared.Return(rented);
        return new LogFrontier(newSize, nodes);
    }

    /// <summary>Root of the edge's subtree of 2^level leaves; the size must have that bit.</summary>
    internal Digest NodeAt(int level) => _nodes[BitOperations.PopCount(Size >> level) - 1];

    /// <summary>Version, size as u64 big-endian, then the nodes, the largest subtree first.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[HeaderLength + _nodes.Length * Digest.Size];
        bytes[0] = EncodingVersion;
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(1), Size);
        MemoryMarshal.AsBytes(_nodes.AsSpan()).CopyTo(bytes.AsSpan(HeaderLength));
        return bytes;
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; on failure the frontier is <see cref="Empty"/>.</summary>
    public static LogFrontierFailure TryDecode(ReadOnlySpan<byte> bytes, out LogFrontier frontier)
    {
        frontier = Empty;
        if (!bytes.IsEmpty && bytes[0] != EncodingVersion)
            return LogFrontierFailure.UnknownVersion;
        if (bytes.Length < HeaderLength)
            return LogFrontierFailure.Truncated;
        ulong size = BinaryPrimitives.ReadUInt64BigEndian(bytes[1..]);
        if (bytes.Length != HeaderLength + BitOperations.PopCount(size) * Digest.Size)
            return LogFrontierFailure.WrongLength;
        frontier = new LogFrontier(size, MemoryMarshal.Cast<byte, Digest>(bytes[HeaderLength..]).ToArray());
        return LogFrontierFailure.None;
    }

    private static Digest Fold(ReadOnlySpan<Digest> nodes)
    {
        if (nodes.IsEmpty)
            return LogHash.EmptyRoot;
        Digest root = nodes[^1];
        for (int i = nodes.Length - 2; i >= 0; i--)
            root = LogHash.Node(nodes[i], root);
        return root;
    }
}
