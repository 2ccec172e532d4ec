using System.Threading.Channels;

namespace GovChain.Node;

/// <summary>Work that fills a core, or must not wait for a thread, stays off the thread pool.</summary>
internal static class DedicatedThread
{
    /// <summary>Runs to the end on a thread of its own; the task ends with it.</summary>
    public static Task Run(string name, Action work)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                work();
                ended.SetResult();
            }
            catch (Exception e)
            {
                ended.SetException(e);
            }
        })
        { Name = name, IsBackground = true };
        thread.Start();
        return ended.Task;
    }

    /// <summary>Blocks until there is something to read; false once there never will be.</summary>
    public static bool WaitToRead<T>(this ChannelReader<T> reader)
    {
        ValueTask<bool> ready = reader.WaitToReadAsync();
        return ready.IsCompleted ? ready.Result : ready.AsTask().GetAwaiter().GetResult();
    }
}
