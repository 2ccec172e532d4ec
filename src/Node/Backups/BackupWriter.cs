using System.Security.Cryptography;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Auditing;
using GovChain.Node.Commands;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Backups;

/// <summary>
/// Takes a backup of a running node over its administration listener. It stands under another name until it is complete,
/// synced and read back; whatever fails leaves nothing behind.
/// </summary>
/// <remarks>
/// A process that is killed leaves what it had under that other name; the next run on the same target removes it and copies
/// anew. It is not taken up: the node's files are other ones by then, and telling which are the same would mean to read all
/// of both, which costs as much as the copy.
/// </remarks>
internal sealed class BackupWriter(LedgerClient client, string target)
{
    private const string GenesisName = "genesis.json";
    private const string Mark = "backup-in-progress";

    private readonly string _target = Path.GetFullPath(target);

    private string Partial => _target + ".partial";

    /// <summary>Takes it.</summary>
    /// <param name="expected">The genesis digest that the node must have; null: any.</param>
    /// <param name="audit">Also audits the copy from genesis.</param>
    /// <param name="progress">Told what is being done, and its share, 0 to 1.</param>
    /// <param name="cancellation">Ends it; what was written is removed.</param>
    /// <exception cref="CommandException">It cannot be written, or is not whole.</exception>
    public async Task<(BackupManifest Manifest, AuditReport? Audit)> RunAsync(
        Digest? expected, bool audit, Action<string, double>? progress, CancellationToken cancellation)
    {
        using FileStream mark = Prepare();
        try
        {
            GenesisFile genesis = await FetchGenesisAsync(expected, cancellation);
            BackupManifest manifest = await ReceiveAsync(genesis, progress, cancellation);
            await BackupFiles.VerifyAsync(
                Partial, manifest, n => progress?.Invoke("reading back", (double)n / manifest.Bytes), cancellation, besides: Mark);
            AuditReport? report = await CheckAsync(genesis.Genesis, manifest, audit, progress, cancellation);
            await using (FileStream file = BackupFiles.Create(Path.Combine(Partial, BackupManifest.FileName)))
            {
                await file.WriteAsync(manifest.ToBytes(), cancellation);
                DurableFiles.Sync(file);
            }
            mark.Dispose();
            File.Delete(mark.Name);
            BackupFiles.SyncDirectories(Partial);
            DurableFiles.Move(Partial, _target);
            return (manifest, report);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw new CommandException(ExitCode.Storage, $"The backup {_target} cannot be written: {e.Message} Nothing of it is left.");
        }
        finally
        {
            mark.Dispose();
            if (Directory.Exists(Partial))
                Directory.Delete(Partial, recursive: true);
        }
    }

    /// <summary>A directory of this name that is left of a backup that was cut off is removed; any other is refused, and one
    /// that is being written.</summary>
    /// <returns>The mark of a backup under way, held until it ends.</returns>
    private FileStream Prepare()
    {
        if (Directory.Exists(_target) || File.Exists(_target))
            throw new CommandException(ExitCode.Usage, $"{_target} exists already; a backup is not written over anything. Name a new directory.");
        string mark = Path.Combine(Partial, Mark);
        try
        {
            if (Directory.Exists(Partial))
            {
                if (!File.Exists(mark))
                    throw new CommandException(ExitCode.Usage, $"{Partial} is in the way, and is no backup that was cut off. Remove it.");
                (FileLock.TryHold(mark) ?? throw BeingWritten()).Dispose();
                Directory.Delete(Partial, recursive: true);
            }
            Directory.CreateDirectory(Partial);
            return FileLock.TryHold(mark) ?? throw BeingWritten();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Storage, $"{Partial} cannot be made: {e.Message}");
        }
    }

    private CommandException BeingWritten() => new(ExitCode.Unavailable,
        $"Another backup is being written to {_target}. Wait until it ends, or name another directory.");

    private async Task<GenesisFile> FetchGenesisAsync(Digest? expected, CancellationToken cancellation)
    {
        GetGenesisResponse response = await client.GetGenesisAsync(cancellation);
        Genesis genesis = Genesis.TryDecode(response.Body.Memory, out GenesisFailure? failure)
            ?? throw new CommandException(ExitCode.VerificationFailed, $"The node's genesis is invalid: {failure!.Message}");
        if (expected is { } digest && digest != genesis.ChainId)
            throw new CommandException(ExitCode.VerificationFailed, $"The node is of the ledger {genesis.ChainId}; expected was {digest}.");
        return new GenesisFile(genesis, [.. response.Signatures.Select(static s => Signature.TryParse(s.Signature.Span, out Signature signature)
            ? new FoundingSignature(s.Department, signature)
            : throw Unexpected("a genesis with malformed signatures"))]);
    }

    private async Task<BackupManifest> ReceiveAsync(GenesisFile genesis, Action<string, double>? progress, CancellationToken cancellation)
    {
        var files = new List<BackupEntry>();
        BackupStart? start = null;
        ReceivedFile? file = null;
        long received = 0;
        try
        {
            await foreach (BackupChunk chunk in client.BackupAsync(cancellation))
            {
                switch (chunk.ContentCase)
                {
                    case BackupChunk.ContentOneofCase.Start when start is null:
                        start = chunk.Start;
                        if (start.ChainId != genesis.Genesis.ChainId.ToString())
                            throw Unexpected("another ledger");
                        BackupFiles.RequireRoom(Partial, checked((long)start.Bytes));
                        break;
                    case BackupChunk.ContentOneofCase.File when start is not null:
                        if (file is not null)
                            files.Add(file.Finish());
                        file = new ReceivedFile(Partial, chunk.File);
                        break;
                    case BackupChunk.ContentOneofCase.Data when file is not null:
                        await file.WriteAsync(chunk.Data.Memory, cancellation);
                        received += chunk.Data.Length;
                        progress?.Invoke("copying", received / Math.Max(1.0, start!.Bytes));
                        break;
                    default:
                        throw Unexpected($"a part out of order ({chunk.ContentCase})");
                }
            }
            if (file is not null)
                files.Add(file.Finish());
        }
        finally
        {
            file?.Dispose();
        }
        if (start is null || (ulong)files.Count != start.Files || (ulong)received != start.Bytes)
            throw Unexpected("fewer files than it said");
        files.Add(await WriteGenesisAsync(genesis, cancellation));
        return Describe(start, files);
    }

    private async Task<BackupEntry> WriteGenesisAsync(GenesisFile genesis, CancellationToken cancellation)
    {
        byte[] content = genesis.ToBytes();
        using var file = new ReceivedFile(Partial, new BackupFile { Path = GenesisName, Bytes = (ulong)content.Length });
        await file.WriteAsync(content, cancellation);
        return file.Finish();
    }

    private static BackupManifest Describe(BackupStart start, List<BackupEntry> files) => new()
    {
        Format = BackupManifest.FormatVersion,
        Department = start.Department,
        ChainId = start.ChainId,
        Height = start.Height,
        HeaderHash = start.HeaderHash,
        LogSize = start.LogSize,
        LogRoot = start.LogRoot,
        StateRoot = start.StateRoot,
        TakenAt = TimeProvider.System.GetUtcNow(),
        Software = start.Version,
        Files = [.. files.OrderBy(static f => f.Path, StringComparer.Ordinal)],
    };

    /// <summary>The copy opens, its newest end fits together and is what the node said; with an audit, all of it.</summary>
    private async Task<AuditReport?> CheckAsync(
        Genesis genesis, BackupManifest manifest, bool audit, Action<string, double>? progress, CancellationToken cancellation)
    {
        using (var directory = DataDirectory.OpenReadOnly(Partial))
        using (LedgerStore store = LedgerStore.OpenReadOnly(directory))
        using (LedgerSnapshot ledger = store.OpenSnapshot())
        {
            BlockHeader tip = ledger.Tip;
            if (tip.Height != manifest.Height || tip.Hash.ToString() != manifest.HeaderHash)
                throw Unexpected($"a ledger that ends at block {tip.Height}, {tip.Hash}, and not at {manifest.Height}, {manifest.HeaderHash}");
        }
        if (!audit)
            return null;
        AuditReport report = await DirectoryAudit.RunAsync(
            Partial, genesis.ChainId, genesis, progress is null ? null : (height, tip) => progress("auditing", height / Math.Max(1.0, tip)), cancellation);
        if (report.Incomplete is { } incomplete)
            throw new CommandException(ExitCode.Unavailable, incomplete);
        return report.FirstProblem is not { } problem ? report : throw new CommandException(ExitCode.VerificationFailed,
            $"The audit of the copy failed at block {problem.Height}, {problem.Where}: {problem.Meaning} Nothing was kept. Audit the node itself.");
    }

    private static CommandException Unexpected(string what) => new(ExitCode.VerificationFailed,
        $"The node sent {what}. Nothing was kept. Is it a node of this release?");

    /// <summary>A file that is being received.</summary>
    private sealed class ReceivedFile : IDisposable
    {
        private readonly BackupFile _file;
        private readonly FileStream _stream;
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private ulong _received;

        public ReceivedFile(string root, BackupFile file)
        {
            if (!BackupManifest.IsSafe(file.Path) || file.Path is BackupManifest.FileName or Mark)
                throw Unexpected("a file name that no backup has");
            string path = Path.Combine(root, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            _file = file;
            _stream = BackupFiles.Create(path);
        }

        public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
        {
            _received += (ulong)bytes.Length;
            if (_received > _file.Bytes)
                throw Unexpected($"more of {_file.Path} than it said");
            _hash.AppendData(bytes.Span);
            await _stream.WriteAsync(bytes, cancellation);
        }

        public BackupEntry Finish()
        {
            if (_received != _file.Bytes)
                throw Unexpected($"{_received} of {_file.Bytes} bytes of {_file.Path}");
            DurableFiles.Sync(_stream);
            Dispose();
            return new BackupEntry(_file.Path, (long)_received, Convert.ToHexStringLower(_hash.GetHashAndReset()));
        }

        public void Dispose() => _stream.Dispose();
    }
}
