using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using GovChain.Core.Cryptography;

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

    private readonly IJournalFiles _files;
    private readonly Digest _chainId;
    private readonly long _pruneBytesMin;
    private readonly ulong _salt;
    private readonly List<(ulong FirstIndex, long Offset)> _groups;
    private ArrayBufferWriter<byte> _staged = new();
    private IJournalFile _file;
    private long _length;
    private ulong _groupFirst;
    private Exception? _failure;

    internal VoteJournal(IJournalFiles files, Digest chainId, IJournalFile file, JournalScan scan, long pruneBytesMin)
    {
        _files = files;
        _chainId = chainId;
        _pruneBytesMin = pruneBytesMin;
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
    public static VoteJournal Create(DataDirectory directory) => Create(
        new JournalDirectory(directory), directory.ChainId,
        BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))), PruneBytesMin);

    /// <summary>
    /// Opens the journal and reads its records. A torn tail is cut off; damage elsewhere is reported, and then there
    /// is no journal to write to.
    /// </summary>
    /// <exception cref="StorageException">Io, NewerFormat or ForeignChain.</exception>
    public static JournalOpening Open(DataDirectory directory) =>
        Open(new JournalDirectory(directory), directory.ChainId, PruneBytesMin);

    /// <summary>As <see cref="Create(DataDirectory)"/>, with a salt that no other journal has and the bytes that pruning
    /// must free to be worth it.</summary>
    internal static VoteJournal Create(IJournalFiles files, Digest chainId, ulong salt, long pruneBytesMin)
    {
        if (files.Exists)
            throw new InvalidOperationException($"{files.Path}: a new vote journal is to be made, but there is one.");
        try
        {
            using (IJournalFile next = files.CreateNext())
            {
                next.Write(JournalFormat.Header(chainId, firstIndex: 1, salt), 0);
                next.Sync();
            }
            files.RenameNext();
            files.SyncNames();
            return Open(files, chainId, pruneBytesMin).Journal!;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(files.Path, e);
        }
    }

    /// <inheritdoc cref="Open(DataDirectory)"/>
    internal static JournalOpening Open(IJournalFiles files, Digest chainId, long pruneBytesMin)
    {
        if (!files.Exists)
            return new JournalOpening(JournalCondition.Missing, null, [], 0);
        try
        {
            IJournalFile file = files.Open();
            JournalScan scan;
            try
            {
                byte[] content = ReadAll(files.Path, file);
                scan = JournalFormat.Scan(files.Path, content, chainId);
                if (scan.Condition != JournalCondition.DamagedInterior)
                    MakeDurable(files, file, content, scan);
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
            var journal = new VoteJournal(files, chainId, file, scan, pruneBytesMin);
            return new JournalOpening(scan.Condition, journal, scan.Records, scan.ValidLength);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(files.Path, e);
        }
    }

    /// <summary>Reads the journal of a stopped or running node and changes nothing; there is no journal to go on with.</summary>
    /// <exception cref="StorageException">Io, NewerFormat or ForeignChain.</exception>
    public static JournalOpening Read(DataDirectory directory)
    {
        string path = directory.JournalPath;
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0);
            byte[] content = new byte[BoundedLength(path, file.Length)];
            file.ReadExactly(content);
            JournalScan scan = JournalFormat.Scan(path, content, directory.ChainId);
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
            _file.Write(group.AsSpan(0, _staged.WrittenCount), _length);
            _file.Sync();
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
        if (from - JournalFormat.HeaderSize >= _pruneBytesMin)
            Rewrite(keep, from);
    }

    /// <summary>Closes the file. What is staged and not synced is dropped, as in a crash.</summary>
    public void Dispose() => _file.Dispose();

    private ulong EndIndex(int group) => group + 1 < _groups.Count ? _groups[group + 1].FirstIndex : _groupFirst;

    private void Rewrite(int keep, long from)
    {
        try
        {
            ulong firstIndex = keep < _groups.Count ? _groups[keep].FirstIndex : _groupFirst;
            byte[] kept = new byte[_length - from];
            ReadFully(_file, kept, from);
            IJournalFile next = _files.CreateNext();
            try
            {
                next.Write(JournalFormat.Header(_chainId, firstIndex, _salt), 0);
                next.Write(kept, JournalFormat.HeaderSize);
                next.Sync();
                _files.RenameNext();
                _files.SyncNames();
            }
            catch
            {
                next.Dispose();
                throw;
            }
            _file.Dispose();
            _file = next;
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
        return StorageException.Io(_files.Path, cause);
    }

    private void ThrowIfStopped()
    {
        if (_failure is not null)
        {
            throw new StorageException(StorageError.NotWritable, _files.Path,
                $"The vote journal was stopped by an earlier error: {_failure.Message}", Remedy.Disk, _failure);
        }
    }

    /// <summary>
    /// What was read counts as durable from now on, but so far the last group may stand in the system's memory only: its
    /// writer died before its sync, or the sync failed, after which no other brings it to the medium unless it is written
    /// again. The groups before it were synced before it was written. The file's name can be as new.
    /// </summary>
    private static void MakeDurable(IJournalFiles files, IJournalFile file, byte[] content, JournalScan scan)
    {
        if (scan.Condition == JournalCondition.TornTailTruncated)
            file.Truncate(scan.ValidLength);
        if (scan.Groups.Count > 0)
        {
            long last = scan.Groups[^1].Offset;
            file.Write(content.AsSpan((int)last, (int)(scan.ValidLength - last)), last);
        }
        file.Sync();
        files.SyncNames();
    }

    private static byte[] ReadAll(string path, IJournalFile file)
    {
        byte[] content = new byte[BoundedLength(path, file.Length)];
        ReadFully(file, content, 0);
        return content;
    }

    private static long BoundedLength(string path, long length) => length <= Array.MaxLength
        ? length
        : throw StorageException.Damaged(path, $"The vote journal has {length} bytes, more than pruning ever leaves.");

    private static void ReadFully(IJournalFile file, Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            int read = file.Read(destination, offset);
            if (read == 0)
                throw new EndOfStreamException("The file is shorter than a moment ago.");
            destination = destination[read..];
            offset += read;
        }
    }
}
