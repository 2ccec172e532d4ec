using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using GovChain.Core.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace GovChain.Storage;

/// <summary>A record of the journal.</summary>
/// <param name="Index">Ascending by one; the first record ever has index 1.</param>
/// <param name="Payload">As appended.</param>
public readonly record struct JournalRecord(ulong Index, ReadOnlyMemory<byte> Payload);

/// <summary>
/// The write-ahead journal of a validator's promises: an append-only file of groups, one group per sync, each under
/// one checksum, so that after a crash a group is there whole or, never acknowledged, not at all.
/// </summary>
/// <remarks>
/// Not thread-safe: one thread owns it. Any error in writing or syncing is final: the journal refuses everything
/// after it, because what the medium holds is then unknown. docs/SPEC.md, "Vote journal".
/// </remarks>
public sealed class VoteJournal : IDisposable
{
    /// <summary>
    /// The longest record in bytes. The largest is an accepted proposal: a block of 16 MiB
    /// (<see cref="Core.Model.Limits.BlockBytesCeiling"/>), its header, justification and own signature.
    /// </summary>
    public const int RecordBytesMax = 32 * 1024 * 1024;

    /// <summary>Pruning rewrites the file once it would free this many bytes.</summary>
    internal const long PruneBytesMin = 8 * 1024 * 1024;

    private const int StagingBytesKept = 4 * 1024 * 1024;

    private readonly string _path;
    private readonly Digest _chainId;
    private readonly ulong _salt;
    private readonly List<(ulong FirstIndex, long Offset)> _groups;
    private ArrayBufferWriter<byte> _staged = new();
    private SafeFileHandle _file;
    private long _length;
    private ulong _groupFirst;
    private Exception? _failure;

    internal VoteJournal(string path, Digest chainId, SafeFileHandle file, JournalScan scan)
    {
        _path = path;
        _chainId = chainId;
        _file = file;
        _length = scan.ValidLength;
        _groups = scan.Groups;
        _salt = scan.Salt;
        _groupFirst = scan.NextIndex;
        NextIndex = scan.NextIndex;
    }

    /// <summary>The index the next record gets.</summary>
    public ulong NextIndex { get; private set; }

    /// <summary>The newest index on disk; one less than the first when nothing is.</summary>
    public ulong DurableIndex => _groupFirst - 1;

    /// <summary>Bytes of the file, without what is staged.</summary>
    public long FileBytes => _length;

    /// <summary>
    /// Makes a new, empty journal. Only for a node that has never voted on this ledger, or that has been told to
    /// abstain until its old votes cannot matter.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is a journal already.</exception>
    /// <exception cref="StorageException">Io.</exception>
    public static VoteJournal Create(DataDirectory directory)
    {
        string path = directory.JournalPath;
        if (File.Exists(path))
            throw new InvalidOperationException($"{path}: a new vote journal is to be made, but there is one.");
        try
        {
            ulong salt = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
            DurableFiles.Replace(path, JournalFormat.Header(directory.ChainId, firstIndex: 1, salt));
            return Open(directory).Journal!;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(path, e);
        }
    }

    /// <summary>
    /// Opens the journal and reads its records. A torn tail is cut off; damage elsewhere is reported, and then there
    /// is no journal to write to.
    /// </summary>
    /// <exception cref="StorageException">Io, NewerFormat or ForeignChain.</exception>
    public static JournalOpening Open(DataDirectory directory)
    {
        string path = directory.JournalPath;
        if (!File.Exists(path))
            return new JournalOpening(JournalCondition.Missing, null, [], 0);
        try
        {
            SafeFileHandle file = OpenFile(path);
            JournalScan scan;
            try
            {
                byte[] content = ReadAll(file);
                scan = JournalFormat.Scan(path, content, directory.ChainId);
                if (scan.Condition != JournalCondition.DamagedInterior)
                    MakeDurable(file, content, scan, directory);
            }
            catch
            {
                file.Dispose();
                throw;
            }
            if (scan.Condition == JournalCondition.DamagedInterior)
            {
                file.Dispose();
                return new JournalOpening(scan.Condition, null, scan.Records, scan.ValidLength);
            }
            var journal = new VoteJournal(path, directory.ChainId, file, scan);
            return new JournalOpening(scan.Condition, journal, scan.Records, scan.ValidLength);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(path, e);
        }
    }

    /// <summary>Reads the journal of a stopped or running node and changes nothing; there is no journal to go on with.</summary>
    /// <exception cref="StorageException">Io, NewerFormat or ForeignChain.</exception>
    public static JournalOpening Read(DataDirectory directory)
    {
        string path = directory.JournalPath;
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            JournalScan scan = JournalFormat.Scan(path, ReadAll(file), directory.ChainId);
            return new JournalOpening(scan.Condition, null, scan.Records, scan.ValidLength);
        }
        catch (FileNotFoundException)
        {
            return new JournalOpening(JournalCondition.Missing, null, [], 0);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(path, e);
        }
    }

    /// <summary>Stages a record; nothing is durable before <see cref="Sync"/>.</summary>
    /// <returns>The record's index.</returns>
    /// <exception cref="ArgumentException">Longer than <see cref="RecordBytesMax"/>.</exception>
    /// <exception cref="StorageException">An earlier error stopped the journal.</exception>
    public ulong Append(ReadOnlySpan<byte> payload)
    {
        ThrowIfStopped();
        if (payload.Length > RecordBytesMax)
        {
            throw new ArgumentException(
                $"{payload.Length} bytes; a record has at most {RecordBytesMax}.", nameof(payload));
        }
        // A group is bounded like a record: a longer one would be written in two.
        if (_staged.WrittenCount + payload.Length > JournalFormat.GroupBytesMax - JournalFormat.RecordPrefixSize)
            Sync();
        if (_staged.WrittenCount == 0)
        {
            // Filled in when the group is sealed.
            _staged.GetSpan(JournalFormat.GroupPrefixSize);
            _staged.Advance(JournalFormat.GroupPrefixSize);
        }
        BinaryPrimitives.WriteUInt32BigEndian(_staged.GetSpan(JournalFormat.RecordPrefixSize), (uint)payload.Length);
        _staged.Advance(JournalFormat.RecordPrefixSize);
        _staged.Write(payload);
        return NextIndex++;
    }

    /// <summary>Returns when all that was appended is on the medium. Without anything staged it does nothing.</summary>
    /// <exception cref="StorageException">Io: the journal is stopped for good.</exception>
    public void Sync()
    {
        ThrowIfStopped();
        if (_staged.WrittenCount == 0)
            return;
        try
        {
            byte[] group = JournalFormat.Seal(_staged, _groupFirst, (uint)(NextIndex - _groupFirst), _salt);
            RandomAccess.Write(_file, group.AsSpan(0, _staged.WrittenCount), _length);
            DurableFiles.Sync(_file);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Stop(e);
        }
        _groups.Add((_groupFirst, _length));
        _length += _staged.WrittenCount;
        _groupFirst = NextIndex;
        if (_staged.Capacity > StagingBytesKept)
            _staged = new ArrayBufferWriter<byte>();
        else
            _staged.ResetWrittenCount();
    }

    /// <summary>
    /// Allows the journal to forget records below <paramref name="index"/>. It does so when that frees enough to be
    /// worth a rewrite, and keeps groups whole, so older records may still be read after a restart.
    /// </summary>
    /// <exception cref="StorageException">Io: the journal is stopped for good.</exception>
    public void PruneBelow(ulong index)
    {
        ThrowIfStopped();
        int keep = 0;
        while (keep < _groups.Count && EndIndex(keep) <= index)
            keep++;
        long from = keep < _groups.Count ? _groups[keep].Offset : _length;
        if (from - JournalFormat.HeaderSize >= PruneBytesMin)
            Rewrite(keep, from);
    }

    /// <summary>Closes the file. What is staged and not synced is dropped, as in a crash.</summary>
    public void Dispose() => _file.Dispose();

    private ulong EndIndex(int group) => group + 1 < _groups.Count ? _groups[group + 1].FirstIndex : _groupFirst;

    private void Rewrite(int keep, long from)
    {
        string temporary = _path + ".new";
        try
        {
            ulong firstIndex = keep < _groups.Count ? _groups[keep].FirstIndex : _groupFirst;
            byte[] kept = new byte[_length - from];
            ReadFully(_file, kept, from);
            SafeFileHandle file = File.OpenHandle(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
            try
            {
                RandomAccess.Write(file, JournalFormat.Header(_chainId, firstIndex, _salt), 0);
                RandomAccess.Write(file, kept, JournalFormat.HeaderSize);
                DurableFiles.Sync(file);
                DurableFiles.Rename(temporary, _path);
            }
            catch
            {
                file.Dispose();
                throw;
            }
            _file.Dispose();
            _file = file;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Stop(e);
        }
        long shift = from - JournalFormat.HeaderSize;
        _groups.RemoveRange(0, keep);
        for (int i = 0; i < _groups.Count; i++)
            _groups[i] = (_groups[i].FirstIndex, _groups[i].Offset - shift);
        _length -= shift;
    }

    private StorageException Stop(Exception cause)
    {
        _failure = cause;
        return StorageException.Io(_path, cause);
    }

    private void ThrowIfStopped()
    {
        if (_failure is not null)
        {
            throw new StorageException(StorageError.NotWritable, _path,
                $"The vote journal was stopped by an earlier error: {_failure.Message}", Remedy.Disk, _failure);
        }
    }

    private static SafeFileHandle OpenFile(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);

    /// <summary>
    /// What was read counts as durable from now on, but so far the last group may stand in the system's memory only: its
    /// writer died before its sync, or the sync failed, after which no other brings it to the medium unless it is written
    /// again. The groups before it were synced before it was written. The file's name can be as new.
    /// </summary>
    private static void MakeDurable(SafeFileHandle file, byte[] content, JournalScan scan, DataDirectory directory)
    {
        if (scan.Condition == JournalCondition.TornTailTruncated)
            RandomAccess.SetLength(file, scan.ValidLength);
        if (scan.Groups.Count > 0)
        {
            long last = scan.Groups[^1].Offset;
            RandomAccess.Write(file, content.AsSpan((int)last, (int)(scan.ValidLength - last)), last);
        }
        DurableFiles.Sync(file);
        DurableFiles.SyncDirectory(directory.Root);
    }

    private static byte[] ReadAll(SafeFileHandle file)
    {
        long length = RandomAccess.GetLength(file);
        if (length > Array.MaxLength)
            throw new IOException($"The vote journal has {length} bytes, more than pruning ever leaves.");
        byte[] content = new byte[length];
        ReadFully(file, content, 0);
        return content;
    }

    private static void ReadFully(SafeFileHandle file, Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            int read = RandomAccess.Read(file, destination, offset);
            if (read == 0)
                throw new EndOfStreamException("The file is shorter than a moment ago.");
            destination = destination[read..];
            offset += read;
        }
    }
}
