using System.Runtime.CompilerServices;
using Google.Protobuf;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Storage;

namespace GovChain.Node.Gateway;

/// <content>A copy of the ledger for the operator, while the node runs.</content>
internal sealed partial class LedgerGateway
{
    private const int BackupChunkBytes = 128 * 1024;

    private readonly SemaphoreSlim _backup = new(1);

    /// <inheritdoc/>
    public async IAsyncEnumerable<BackupChunk> BackupAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        if (!await _backup.WaitAsync(0, cancellation))
            throw LedgerRequestException.ResourceExhausted("Another backup of this node is being taken. Wait until it ends.");
        try
        {
            using LedgerCheckpoint checkpoint = CreateCheckpoint();
            log.BackupBegun(checkpoint.Tip.Height, checkpoint.Files.Count, checkpoint.Files.Sum(static f => f.Bytes));
            yield return new BackupChunk { Start = Describe(checkpoint) };
            foreach (CheckpointFile file in checkpoint.Files)
            {
                yield return new BackupChunk { File = new BackupFile { Path = file.Path, Bytes = (ulong)file.Bytes } };
                await using FileStream stream = OpenFile(Path.Combine(checkpoint.Root, file.Path));
                while (true)
                {
                    // Every chunk has its own bytes: the one before may still be on its way.
                    byte[] buffer = new byte[Math.Min(BackupChunkBytes, Math.Max(1, file.Bytes - stream.Position))];
                    int read = await stream.ReadAsync(buffer, cancellation);
                    if (read == 0)
                        break;
                    yield return new BackupChunk { Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, read)) };
                }
            }
            metrics.BackedUp();
            log.BackupEnded(checkpoint.Tip.Height);
        }
        finally
        {
            _backup.Release();
        }
    }

    private LedgerCheckpoint CreateCheckpoint()
    {
        try
        {
            return _ledger.CreateCheckpoint();
        }
        catch (StorageException e)
        {
            throw LedgerRequestException.NotReady($"The copy cannot be made: {e.Message}");
        }
    }

    private BackupStart Describe(LedgerCheckpoint checkpoint) => new()
    {
        Department = self,
        Version = NodeStatus.SoftwareVersion,
        ChainId = checkpoint.Tip.ChainId.ToString(),
        Height = checkpoint.Tip.Height,
        HeaderHash = checkpoint.Tip.Hash.ToString(),
        LogSize = checkpoint.Tip.LogSizeAfter,
        LogRoot = checkpoint.Tip.LogRoot.ToString(),
        StateRoot = checkpoint.Tip.StateRoot.ToString(),
        Files = (ulong)checkpoint.Files.Count,
        Bytes = (ulong)checkpoint.Files.Sum(static f => f.Bytes),
    };

    private static FileStream OpenFile(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.Open,
        Access = FileAccess.Read,
        Share = FileShare.ReadWrite | FileShare.Delete,
        BufferSize = 0,
        Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
    });
}
