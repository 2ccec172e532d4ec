using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Commands;
using GovChain.Node.Signatures;

namespace GovChain.Node.Auditing;

/// <summary>
/// The file that <c>govchain audit --export</c> writes. It takes its name only when the whole ledger was proven, so a file with
/// this name is whole; its owner alone may read it, for records need not be public.
/// </summary>
internal sealed class LedgerExport : IAsyncDisposable
{
    private readonly OutputFile _file;
    private readonly LedgerExportWriter _writer;
    private BlockHeader? _tip;

    private LedgerExport(OutputFile file)
    {
        _file = file;
        _writer = new LedgerExportWriter(file.Stream);
    }

    /// <summary>The file as it was named.</summary>
    public string Path => _file.Path;

    /// <summary>Bytes written so far.</summary>
    public long Bytes => _writer.Bytes;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="overwrite">Whether a file that stands there is replaced in the end.</param>
    /// <exception cref="CommandException">A file stands there, or it cannot be written.</exception>
    /// <exception cref="KeyFileException">A private key stands there.</exception>
    public static LedgerExport Create(string path, bool overwrite) => new(OutputFile.Create(path, overwrite, isPrivate: true));

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
    public async Task CompleteAsync(CancellationToken cancellation)
    {
        await WritingAsync(async () => await _writer.WriteEndAsync(_tip!, cancellation));
        await _file.CompleteAsync();
    }

    /// <summary>Removes what was not completed.</summary>
    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private async Task WritingAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw OutputFile.Unwritable(Path, e);
        }
    }
}
