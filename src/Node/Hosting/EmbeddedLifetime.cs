using Microsoft.Extensions.Hosting;

namespace GovChain.Node.Hosting;

/// <summary>For web servers inside the node: signals are the node's business, which stops its parts in order.</summary>
internal sealed class EmbeddedLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
