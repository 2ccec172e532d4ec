using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Commands;
using GovChain.Node.Signatures;
using GovChain.Storage;

namespace GovChain.Node.Auditing;

/// <summary>
/// The file that <c>govchain audit --export</c> writes. It grows beside its name and takes it only when the whole ledger was
/// proven, so a file with this name is whole; its owner alone may read it, for records need not be public.
/// </summary>
internal sealed class LedgerExport : IAsyncDisposable
{
    private const int BufferBytes = 1 << 20;

    private readonly string _unfinished;
    private readonly bool _overwrite;
    private readonly FileStream _stream;
    private readonly LedgerExportWriter _writer;
    private BlockHeader? _tip;
    private bool _completed;

    private LedgerExport(string path, string unfinished, bool overwrite, FileStream stream)
    {
        Path = path;
        _unfinished = unfinished;
        _overwrite = overwrite;
        _stream = stream;
        _writer = new LedgerExportWriter(stream);
    }

    /// <summary>The file as it was named.</summary>
    public string Path { get; }

    /// <summary>Bytes written so far.</summary>
    public long Bytes => _writer.Bytes;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="overwrite">Whether a file that stands there is replaced in the end.</param>
    /// <exception cref="CommandException">A file stands there, or it cannot be written.</exception>
    public static LedgerExport Create(string path, bool overwrite)
    {
        if (Directory.Exists(path))
            throw new CommandException(ExitCode.Usage, $"{path} is a folder; name a file with --export.");
        if (File.Exists(path) && !overwrite)
            throw new CommandException(ExitCode.Usage, $"{path} exists. Name another file, or replace it with --overwrite.");
        string unfinished = path + ".partial";
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            BufferSize = BufferBytes,
            Options = FileOptions.Asynchronous,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            return new LedgerExport(path, unfinished, overwrite, new FileStream(unfinished, options));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(path, e);
        }
    }

    /// <summary>Writes the beginning.</summary>
    /// <exception cref="CommandException">A department has not signed the genesis: the ledger was never founded.</exception>
    public Task BeginAsync(GenesisFile founded, CancellationToken cancellation)
    {
        using NodeVerifier signatures = NodeVerifier.ForFile();
        if (founded.Verify(signatures.Verifier) is { } failure)
            throw new CommandException(ExitCode.VerificationFailed, $"The genesis cannot be exported: {failure.Message}");
        return WritingAsync(async () => await _writer.WriteGenesisAsync(founded, cancellation));
    }

    /// <summary>Writes the next block, which is proven.</summary>
    public Task AddAsync(RawBlock block, CancellationToken cancellation)
    {
        _tip = BlockHeader.TryRead(block.Header.Span);
        return WritingAsync(async () => await _writer.WriteBlockAsync(block, cancellation));
    }

    /// <summary>Writes the end, waits until everything is on the disk, and gives the file its name.</summary>
    public Task CompleteAsync(CancellationToken cancellation) => WritingAsync(async () =>
    {
        await _writer.WriteEndAsync(_tip!, cancellation);
        DurableFiles.Sync(_stream);
        await _stream.DisposeAsync();
        File.Move(_unfinished, Path, _overwrite);
        _completed = true;
    });

    /// <summary>Removes what was not completed.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _stream.DisposeAsync();
        }
        catch (IOException) when (!_completed)
        {
            // What could not be written was reported; closing tries it again.
        }
        finally
        {
            if (!_completed)
                File.Delete(_unfinished);
        }
    }

    private async Task WritingAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(Path, e);
        }
    }

    private static CommandException Unwritable(string path, Exception e) =>
        new(ExitCode.Usage, $"{path} cannot be written: {e.Message}");
}
